"""From a signed-in login profile to its language, its zone and its current account's scope."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone, translation

from accounts.access import is_verified
from accounts.models import Account, Membership, User
from accounts.sessions import SEEN
from emailconcert.lib.tenancy import account_scope, user_scope

SESSION_KEY = "account"
GetResponse = Callable[[HttpRequest], HttpResponseBase]

_SEEN_EVERY = timedelta(minutes=5)
# What a member without a second factor may still do where the account requires one.
_WITHOUT_SECOND_FACTOR = (
    "/settings/profile/",
    "/sign-in/",
    "/sign-out/",
    "/switch/",
    "/static/",
    "/invitations/",
    "/privacy/",
    "/admin/",
)
# Accepting an invitation enters the scope of the account that invites, which may be another than the current one.
_OUTSIDE_ACCOUNTS = ("/invitations/",)


class ProfileMiddleware:
    """Speak the profile's language in its time zone, and note now and then that the session is in use."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the profile's language and zone."""
        user = request.user
        if not isinstance(user, User):
            return self.get_response(request)
        _note_seen(request, now=timezone.now())
        translation.activate(user.language)
        request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(user.time_zone):
            return self.get_response(request)


def _note_seen(request: HttpRequest, *, now: datetime) -> None:
    seen = request.session.get(SEEN)
    if seen is None or datetime.fromisoformat(seen) < now - _SEEN_EVERY:
        request.session[SEEN] = now.isoformat(timespec="seconds")


class SecondFactorMiddleware:
    """Hold members back until they have a second factor, where their account requires one of everybody."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Send members without one to where it is set up."""
        account: Account | None = request.account  # type: ignore[attr-defined]  # CurrentAccountMiddleware set it
        if account is None or not account.requires_second_factor:
            return self.get_response(request)
        if is_verified(request) or request.path.startswith(_WITHOUT_SECOND_FACTOR):
            return self.get_response(request)
        messages.warning(request, f"{account.name} asks every member for a second factor. Set yours up to go on.")
        return redirect("accounts:security")


class CurrentAccountMiddleware:
    """Answer a member's request inside one transaction and their current account's scope.

    The account is the one chosen with the switcher (kept in the session), else the one last used, else the first.
    Requests without a membership run without a scope: what they touch of tenants raises.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Open the scope around the view."""
        outside = request.path.startswith(_OUTSIDE_ACCOUNTS)
        membership = None if outside else current_membership(request)
        request.membership = membership  # type: ignore[attr-defined]
        request.account = membership.account if membership else None  # type: ignore[attr-defined]
        if membership is None:
            return self.get_response(request)
        with account_scope(membership.account_id):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:  # noqa: ARG002  # Django gives it
        """Undo what a view did that raised; Django has made a response of it by the time `__call__` sees it."""
        if getattr(request, "membership", None) is not None:
            transaction.set_rollback(True)


def current_membership(request: HttpRequest) -> Membership | None:
    """Return the membership through which this request acts, or None."""
    user = request.user
    if not isinstance(user, User):
        return None
    wanted = request.session.get(SESSION_KEY) or user.last_account_id
    with user_scope(user.pk):
        memberships = list(
            Membership.objects.select_related("account")
            .filter(user=user)
            .exclude(account__status=Account.Status.CLOSED)
            .order_by("pk")
        )
    return next((each for each in memberships if each.account_id == wanted), memberships[0] if memberships else None)
