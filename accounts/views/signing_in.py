"""Signing in and out, and the second factor on the way."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import access, entering
from accounts.forms.signing import CodeForm, SignInForm
from accounts.models import User
from accounts.services import auditing, browsers, second_factor, signing_in, signing_up
from emailconcert.lib import addresses
from emailconcert.lib.network import client_network

WRONG = "Email or password is not right. Both may be wrong; check them, or reset your password."


@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for address and password."""
    if request.user.is_authenticated:
        return redirect(entering.next_url(request) or "home")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = _authenticate(request, form)
        except signing_in.TooManyAttempts as error:
            return _page(request, form, error=str(error), status=429)
        if user is not None:
            return _after_password(request, user)
        return _page(request, form, error=WRONG, status=422)
    return _page(request, form, status=422 if form.is_bound else 200)


def _authenticate(request: HttpRequest, form: SignInForm) -> User | None:
    email, now = addresses.as_looked_up(form.cleaned_data["email"]), timezone.now()
    signing_in.check_rate(email=email, address=client_network(request))
    user = authenticate(request, username=email, password=form.cleaned_data["password"])
    if user is None:
        signing_in.record_failure(email=email, network=entering.network_of(request), now=now)
        return None
    assert isinstance(user, User)  # noqa: S101  # our backend makes no other
    return user


def _after_password(request: HttpRequest, user: User) -> HttpResponse:
    now = timezone.now()
    if user.email_confirmed_at is None:
        signing_up.send_again(user=user, now=now)
        return redirect("accounts:sign-up-sent")
    device = second_factor.device_of(user)
    if device is not None and entering.needs_code(request, user, now=now):
        entering.wait_for_code(request, user, now=now)
        return redirect(_with_next(request, "accounts:sign-in-code"))
    entering.enter(request, user, device=device, now=now)
    return redirect(entering.landing(request, user))


@never_cache
@sensitive_post_parameters("code")
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor: after the password, or of somebody signed in who goes where it is needed."""
    now = timezone.now()
    user = entering.waiting_for_code(request, now=now)
    if user is None:
        return redirect(_with_next(request, "accounts:sign-in"))
    if second_factor.device_of(user) is None:
        return redirect("accounts:enrol")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device = second_factor.verify(user=user, code=form.cleaned_data["code"], now=now)
        except (second_factor.WrongCode, second_factor.TooManyCodes) as error:
            _record_wrong_code(request, user)
            form.add_error("code", str(error))
        else:
            entering.enter(request, user, device=device, now=now)
            return _remember(request, form, user, redirect(entering.landing(request, user)))
    context = {"form": form, "next": entering.next_url(request)}
    return render(request, "accounts/sign_in_code.html", context, status=422 if form.errors else 200)


def _record_wrong_code(request: HttpRequest, user: User) -> None:
    auditing.record(
        action="second_factor.failed",
        actor=auditing.actor_for(user, network=entering.network_of(request)),
        now=timezone.now(),
        account_id=user.last_account_id,
        target=("profile", user.pk),
    )


def _remember(request: HttpRequest, form: CodeForm, user: User, response: HttpResponse) -> HttpResponse:
    if form.cleaned_data["remember"] and not user.is_staff:
        label = browsers.label_of(request.headers.get("User-Agent", ""))
        secret = browsers.remember(user=user, label=label, now=timezone.now())
        response.set_cookie(
            entering.DEVICE_COOKIE,
            secret,
            max_age=browsers.REMEMBERED_FOR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this browser's session."""
    if isinstance(request.user, User):
        auditing.record(
            action="sign_out",
            actor=access.actor(request),
            now=timezone.now(),
            account_id=request.user.last_account_id,
            target=("profile", request.user.pk),
        )
    logout(request)
    return redirect("accounts:sign-in")


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:  # noqa: ARG001  # axes calls it so
    """Answer who failed too often, whether or not there is a profile."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    return render(request, "accounts/locked_out.html", {"minutes": minutes}, status=429)


def _page(request: HttpRequest, form: SignInForm, *, error: str = "", status: int = 200) -> HttpResponse:
    if error:
        form.add_error(None, error)
    context = {"form": form, "next": entering.next_url(request), "sign_up": settings.SIGN_UP != "closed"}
    return render(request, "accounts/sign_in.html", context, status=status)


def _with_next(request: HttpRequest, name: str) -> str:
    wanted = entering.next_url(request)
    return f"{reverse(name)}?{urlencode({'next': wanted})}" if wanted else reverse(name)
