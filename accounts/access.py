"""Who may do what: the request of a member, and the decorators that views stand under."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from accounts.models import Account, Membership, Role, User
from accounts.services.auditing import Actor, actor_for
from emailconcert.lib.htmx import is_htmx
from emailconcert.lib.network import client_ip, truncated_ip

P = ParamSpec("P")
_RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.ADMIN: 2, Role.OWNER: 3}


class MemberRequest(HttpRequest):
    """A request of a signed-in member, inside their current account's scope."""

    account: Account
    membership: Membership
    user: User


MemberView = Callable[Concatenate[MemberRequest, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def has_role(membership: Membership, role: Role) -> bool:
    """Tell whether a membership's role is `role` or one above it."""
    return _RANK[Role(membership.role)] >= _RANK[role]


def is_verified(request: HttpRequest) -> bool:
    """Tell whether this session passed a second factor."""
    verified = getattr(request.user, "is_verified", None)  # put there by OTPMiddleware
    return bool(verified and verified())


def role_required(role: Role) -> Callable[[MemberView[P]], View[P]]:
    """Let members with `role` or a higher one in; the rest are told who can help (403)."""

    def decorate(view: MemberView[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _signed_out(request)
            membership = getattr(request, "membership", None)
            if membership is None:
                return redirect("accounts:no-account")
            if not has_role(membership, role):
                return _forbidden(request, role)
            return view(request, *args, **kwargs)  # type: ignore[arg-type]  # the middleware made it a MemberRequest

        return guarded  # type: ignore[return-value]  # wraps() hides that the first argument may be any request

    return decorate


def member_required(view: MemberView[P]) -> View[P]:
    """Let any member of the current account in."""
    return role_required(Role.VIEWER)(view)


def actor(request: HttpRequest) -> Actor:
    """Return who acts in this request, for the audit log."""
    network = truncated_ip(client_ip(request))
    if isinstance(request.user, User):
        return actor_for(request.user, network=network)
    return Actor(user_id=None, name="", network=network)


def _signed_out(request: HttpRequest) -> HttpResponseBase:
    """Lead to where one signs in; a part of a page that asks keeps what is typed in the rest of it."""
    if is_htmx(request):
        return HttpResponse("Sign in first.", status=401, content_type="text/plain")
    return redirect_to_login(request.get_full_path())


def _forbidden(request: HttpRequest, role: Role) -> HttpResponse:
    return render(request, "errors/role.html", {"role": role}, status=403)
