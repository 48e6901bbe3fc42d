"""A signed-in person's own data: ask for it, see what became of it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import actor
from accounts.models import User
from emailconcert.lib.errors import ExpectedError
from privacy.forms import OwnRequestForm
from privacy.services import own_requests, reading


@never_cache
@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Show the person's requests and the form."""
    return _page(request, OwnRequestForm())


@require_POST
@login_required
def ask(request: HttpRequest) -> HttpResponse:
    """Take a request after the password was given again."""
    assert isinstance(request.user, User)  # noqa: S101  # for the type checker; login_required saw to it
    form = OwnRequestForm(request.POST)
    if form.is_valid():
        try:
            own_requests.ask(user=request.user, **form.cleaned_data, actor=actor(request), now=now())
        except ExpectedError as error:
            form.add_error("password" if isinstance(error, own_requests.WrongPassword) else None, str(error))
        else:
            messages.success(request, "We have your request. You hear from us by email.")
            return redirect("privacy:profile")
    return _page(request, form, status=422)


@require_POST
@login_required
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take an own request back."""
    assert isinstance(request.user, User)  # noqa: S101  # for the type checker; login_required saw to it
    try:
        own_requests.withdraw(user=request.user, reference=reference, now=now())
        messages.success(request, "Your request is withdrawn.")
    except ExpectedError as error:
        messages.error(request, str(error))
    return redirect("privacy:profile")


def _page(request: HttpRequest, form: OwnRequestForm, *, status: int = 200) -> HttpResponse:
    assert isinstance(request.user, User)  # noqa: S101  # for the type checker; login_required saw to it
    rows = reading.of_user(user=request.user, now=now())
    return render(request, "privacy/profile.html", {"rows": rows, "form": form}, status=status)
