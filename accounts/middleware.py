"""From a signed-in login profile to its current account's scope."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import Account, Membership, User
from emailconcert.lib.tenancy import account_scope, user_scope

SESSION_KEY = "account"
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class CurrentAccountMiddleware:
    """Answer a member's request inside one transaction and their current account's scope.

    The account is the one chosen with the switcher (kept in the session), else the one last used, else the first.
    Requests without a membership run without a scope: what they touch of tenants raises.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Open the scope around the view."""
        membership = current_membership(request)
        request.membership = membership  # type: ignore[attr-defined]
        request.account = membership.account if membership else None  # type: ignore[attr-defined]
        if membership is None:
            return self.get_response(request)
        with account_scope(membership.account_id):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
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
