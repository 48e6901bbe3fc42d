"""Sessions as requests see them: entering, the step between password and second factor, where to go next."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import django_otp
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import TotpDevice, User
from accounts.services import browsers, signing_in
from accounts.sessions import LABEL, NETWORK, SEEN, SINCE
from emailconcert.lib.network import client_ip, truncated_ip

BACKEND = "accounts.backends.ProfileBackend"
DEVICE_COOKIE = "__Host-ec-device" if urlsplit(settings.SITE_URL).scheme == "https" else "ec-device"
_PENDING = "pending"
_PENDING_FOR = timedelta(minutes=10)


def enter(request: HttpRequest, user: User, *, device: TotpDevice | None, now: datetime) -> None:
    """Begin the profile's session on this browser; with `device`, one that passed the second factor."""
    request.session.pop(_PENDING, None)
    login(request, user, backend=BACKEND)
    request.session[LABEL] = browsers.label_of(request.headers.get("User-Agent", ""))
    request.session[NETWORK] = network_of(request)
    request.session[SINCE] = request.session[SEEN] = now.isoformat(timespec="seconds")
    if device is not None:
        django_otp.login(request, device)
    if signing_in.should_change_password(user, now=now):
        messages.info(request, "Your password is more than a year old. You can change it on your profile page.")
    signing_in.record_success(user=user, network=network_of(request), with_second_factor=device is not None, now=now)


def wait_for_code(request: HttpRequest, user: User, *, now: datetime) -> None:
    """Note in the session that the password was right and the second factor is still to come."""
    request.session.cycle_key()
    request.session[_PENDING] = {
        "user": user.pk,
        "until": (now + _PENDING_FOR).isoformat(),
        "mark": user.get_session_auth_hash(),
    }


def waiting_for_code(request: HttpRequest, *, now: datetime) -> User | None:
    """Return whose second factor this browser may show: who gave the password a moment ago, or is signed in."""
    if isinstance(request.user, User):
        return request.user
    pending = request.session.get(_PENDING)
    if not pending or datetime.fromisoformat(pending["until"]) < now:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True, restricted_at=None).first()
    if user is None or not constant_time_compare(pending["mark"], user.get_session_auth_hash()):
        return None
    return user


def needs_code(request: HttpRequest, user: User, *, now: datetime) -> bool:
    """Tell whether the second factor is asked for: not on a remembered browser, except of the platform's people."""
    if user.is_staff:
        return True
    return not browsers.is_remembered(user=user, secret=request.COOKIES.get(DEVICE_COOKIE, ""), now=now)


def next_url(request: HttpRequest) -> str:
    """Return where to go after signing in: the page that was asked for if it is ours, or an empty text."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # redirect() takes what has no slash for the name of a view; browsers are not sent addresses that long.
    return wanted if safe and "/" in wanted and len(wanted) <= 1000 else ""


def landing(request: HttpRequest, user: User) -> str:
    """Return the page that opens after signing in."""
    default = "admin:index" if user.platform_role else settings.LOGIN_REDIRECT_URL
    return next_url(request) or resolve_url(default)


def network_of(request: HttpRequest) -> str:
    """Return the truncated network address of a request."""
    return truncated_ip(client_ip(request))
