"""Forgotten passwords."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts import entering
from accounts.forms.signing import AskResetForm, NewPasswordForm
from accounts.services import resetting
from emailconcert.lib import limits
from emailconcert.lib.network import client_network
from emailconcert.lib.signing import BadToken


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Ask where the link goes."""
    form = AskResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if limits.hit("password reset: network", client_network(request), 20, 3600):
            resetting.ask(email=form.cleaned_data["email"], now=timezone.now())
            return redirect("accounts:password-reset-sent")
        form.add_error(None, "Too many attempts from your network. Wait an hour, then try again.")
    return render(request, "accounts/password_reset.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Say that a mail is on its way if there is a profile."""
    return render(request, "accounts/password_reset_sent.html")


@never_cache
@sensitive_post_parameters("password")
def choose(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the new password; only sending the form changes anything."""
    now = timezone.now()
    try:
        user = resetting.profile_of(token=token, now=now)
        form = NewPasswordForm(request.POST or None, user=user)
        if request.method == "POST" and form.is_valid():
            password, network = form.cleaned_data["password"], entering.network_of(request)
            resetting.reset(token=token, password=password, network=network, now=now)
            return render(request, "accounts/password_reset_done.html")
    except BadToken as error:
        return render(request, "accounts/bad_link.html", {"reason": str(error), "reset": True}, status=410)
    return render(request, "accounts/password_reset_choose.html", {"form": form}, status=422 if form.errors else 200)
