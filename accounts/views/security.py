"""Second factor, sessions and remembered browsers of one's own profile."""

from typing import cast

import django_otp
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.forms.own import EnrolForm, FreshPasswordForm
from accounts.models import User
from accounts.services import auditing, browsers, second_factor, signing_in


@never_cache
@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Show how this profile is kept safe and where it is signed in."""
    return render(request, "accounts/security.html", _context(request))


@never_cache
@login_required
@sensitive_post_parameters("current_password", "code")
def enrol(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app; the recovery codes are shown once, in the answer."""
    user, now = cast("User", request.user), timezone.now()
    if second_factor.device_of(user) is not None:
        return redirect("accounts:security")
    enrolment = request.POST.get("enrolment") or second_factor.new_enrolment(user)
    form = EnrolForm(request.POST or None, user=user, initial={"enrolment": enrolment})
    if request.method == "POST" and form.is_valid():
        try:
            device, codes = second_factor.enrol(
                user=user, enrolment=enrolment, code=form.cleaned_data["code"], actor=access.actor(request), now=now
            )
        except second_factor.WrongCode:
            form.add_error("code", "This code is not valid. Wait for the next one in your app and type that.")
        except second_factor.AlreadyEnrolled as error:
            form.add_error("code", str(error))
        else:
            django_otp.login(request, device)
            return render(request, "accounts/recovery_codes.html", {"codes": codes, "enrolled": True})
    return _enrol_page(request, form, enrolment)


def _enrol_page(request: HttpRequest, form: EnrolForm, enrolment: str) -> HttpResponse:
    user = cast("User", request.user)
    try:
        picture = second_factor.enrolment_picture(user, enrolment)
        key = second_factor.enrolment_key(user, enrolment)
    except second_factor.BadEnrolment:
        return redirect("accounts:enrol")
    context = {"form": form, "picture": picture, "key": key}
    return render(request, "accounts/enrol.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
@sensitive_post_parameters("current_password")
def disable(request: HttpRequest) -> HttpResponse:
    """Remove the second factor."""
    user = cast("User", request.user)
    form = FreshPasswordForm(request.POST, user=user, prefix="disable")
    if form.is_valid():
        second_factor.disable(user=user, actor=access.actor(request), now=timezone.now())
        messages.success(request, "The second factor was removed.")
        return redirect("accounts:security")
    return render(request, "accounts/security.html", _context(request, disable_form=form), status=422)


@require_POST
@login_required
@sensitive_post_parameters("current_password")
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes; the new ones are shown once, in the answer."""
    user = cast("User", request.user)
    form = FreshPasswordForm(request.POST, user=user, prefix="codes")
    if form.is_valid() and second_factor.device_of(user) is not None:
        codes = second_factor.renew_codes(user=user, actor=access.actor(request), now=timezone.now())
        return render(request, "accounts/recovery_codes.html", {"codes": codes})
    return render(request, "accounts/security.html", _context(request, codes_form=form), status=422)


@require_POST
@login_required
def end_session(request: HttpRequest, handle: str) -> HttpResponse:
    """Sign out one browser."""
    user = cast("User", request.user)
    if not browsers.end_session(user=user, handle=handle):
        raise Http404
    _record(request, "session.ended")
    messages.success(request, "That browser is signed out.")
    return redirect("accounts:security")


@require_POST
@login_required
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    user = cast("User", request.user)
    ended = browsers.end_other_sessions(user=user, current_key=request.session.session_key)
    if ended:
        _record(request, "session.ended")
    messages.success(request, "You are signed out everywhere else.")
    return redirect("accounts:security")


@require_POST
@login_required
def forget_device(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the second factor again on one browser."""
    if not browsers.forget(user=cast("User", request.user), pk=pk):
        raise Http404
    _record(request, "device.forgotten")
    messages.success(request, "That browser will be asked for a code again.")
    return redirect("accounts:security")


def _record(request: HttpRequest, action: str) -> None:
    user = cast("User", request.user)
    auditing.record(
        action=action,
        actor=access.actor(request),
        now=timezone.now(),
        account_id=user.last_account_id,
        target=("profile", user.pk),
    )


def _context(request: HttpRequest, **forms: object) -> dict[str, object]:
    user, now = cast("User", request.user), timezone.now()
    return {
        "device": second_factor.device_of(user),
        "codes_left": second_factor.codes_left(user),
        "codes_total": second_factor.RECOVERY_CODES,
        "sessions": browsers.open_sessions(user=user, current_key=request.session.session_key, now=now),
        "remembered": browsers.remembered(user=user, now=now),
        "old_password": signing_in.should_change_password(user, now=now),
        "disable_form": FreshPasswordForm(user=user, prefix="disable"),
        "codes_form": FreshPasswordForm(user=user, prefix="codes"),
        **forms,
    }
