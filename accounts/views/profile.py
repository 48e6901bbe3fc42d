"""A person's own record."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.forms.own import ChangeEmailForm, ChangePasswordForm, ProfileForm
from accounts.models import User
from accounts.services import profiles, resetting
from emailconcert.lib.signing import BadToken


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Keep name, language and zone right."""
    user = cast("User", request.user)
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        profiles.update(user=user, actor=access.actor(request), now=timezone.now(), **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", _context(request, form=form), status=422 if form.errors else 200)


@require_POST
@login_required
@sensitive_post_parameters("current_password")
def change_email(request: HttpRequest) -> HttpResponse:
    """Begin a change of address."""
    user = cast("User", request.user)
    form = ChangeEmailForm(request.POST, user=user)
    if form.is_valid():
        new_email = form.cleaned_data["new_email"]
        try:
            profiles.begin_address_change(
                user=user, new_email=new_email, actor=access.actor(request), now=timezone.now()
            )
        except profiles.CannotChangeAddress as error:
            form.add_error("new_email", str(error))
        else:
            messages.success(request, "Two mails are on their way. Your address changes when both links were used.")
            return redirect("accounts:profile")
    return render(request, "accounts/profile.html", _context(request, email_form=form), status=422)


@never_cache
@require_safe
def prove_email(request: HttpRequest, token: str) -> HttpResponse:
    """Show the button that says yes for one mailbox."""
    try:
        change, side = profiles.change_of(token=token, now=timezone.now())
    except BadToken as error:
        return render(request, "accounts/bad_link.html", {"reason": str(error)}, status=410)
    return render(request, "accounts/prove_email.html", {"change": change, "side": side, "token": token})


@require_POST
def do_prove_email(request: HttpRequest, token: str) -> HttpResponse:
    """Take one mailbox's yes."""
    try:
        changed = profiles.prove_address(token=token, actor=access.actor(request), now=timezone.now())
    except (BadToken, profiles.CannotChangeAddress) as error:
        return render(request, "accounts/bad_link.html", {"reason": str(error)}, status=410)
    return render(request, "accounts/email_proved.html", {"changed": changed})


@require_POST
@login_required
@sensitive_post_parameters("current_password", "new_password")
def change_password(request: HttpRequest) -> HttpResponse:
    """Change the password; other browsers are signed out."""
    user = cast("User", request.user)
    form = ChangePasswordForm(request.POST, user=user)
    if form.is_valid():
        resetting.change(
            user=user,
            password=form.cleaned_data["new_password"],
            current_key=request.session.session_key,
            actor=access.actor(request),
            now=timezone.now(),
        )
        update_session_auth_hash(request, user)
        messages.success(request, "Your password was changed. You are signed out everywhere else.")
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", _context(request, password_form=form), status=422)


def _context(request: HttpRequest, **forms: object) -> dict[str, object]:
    user = cast("User", request.user)
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    return {
        "form": ProfileForm(initial=initial),
        "email_form": ChangeEmailForm(user=user),
        "password_form": ChangePasswordForm(user=user),
        "change": profiles.open_change(user, now=timezone.now()),
        **forms,
    }
