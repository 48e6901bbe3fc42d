"""Opening an account."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import choices, entering
from accounts.forms.signing import SignUpForm
from accounts.services import second_factor, signing_up
from emailconcert.lib import limits
from emailconcert.lib.network import client_network
from emailconcert.lib.signing import BadToken

_SIGNED_UP = "signed up"


@never_cache
@sensitive_post_parameters("password")
def sign_up(request: HttpRequest) -> HttpResponse:
    """Ask for everything that opens an account."""
    if request.user.is_authenticated:
        return redirect("home")
    secret = request.POST.get("invitation") or request.GET.get("invitation", "")
    try:
        invitation = signing_up.check_open(invitation=secret, now=timezone.now())
        email = invitation.email if invitation else ""
        form = SignUpForm(request.POST or None, initial={**_guesses(request), "email": email, "invitation": secret})
        if request.method == "POST" and form.is_valid() and _allowed(request, form):
            return _sign_up(request, form)
    except signing_up.SignUpClosed as error:
        return render(request, "accounts/sign_up_closed.html", {"reason": str(error)}, status=403)
    return render(request, "accounts/sign_up.html", {"form": form}, status=422 if form.errors else 200)


def _allowed(request: HttpRequest, form: SignUpForm) -> bool:
    if limits.hit("sign up", client_network(request), 20, 3600):
        return True
    form.add_error(None, "Too many sign-ups from your network. Wait an hour, then try again.")
    return False


def _sign_up(request: HttpRequest, form: SignUpForm) -> HttpResponse:
    facts = {name: value for name, value in form.cleaned_data.items() if name not in {"accept", "invitation"}}
    user_id = signing_up.sign_up(
        form=signing_up.SignUp(**facts),
        invitation=form.cleaned_data["invitation"],
        network=entering.network_of(request),
        now=timezone.now(),
    )
    # Whoever confirms in the browser that signed up is let in at once. Zero keeps the answers alike.
    request.session[_SIGNED_UP] = user_id or 0
    return redirect("accounts:sign-up-sent")


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Say that a mail is on its way, whether or not there was a profile."""
    return render(request, "accounts/sign_up_sent.html", {"days": 3})


@never_cache
@require_safe
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show the button that confirms the address; scanners of mails follow links but press nothing."""
    try:
        user = signing_up.profile_of(token=token, now=timezone.now())
    except BadToken as error:
        return render(request, "accounts/bad_link.html", {"reason": str(error)}, status=410)
    if user.email_confirmed_at:
        return render(request, "accounts/confirmed.html", {"again": True})
    return render(request, "accounts/confirm_sign_up.html", {"person": user, "token": token})


@require_POST
def do_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm the address; the browser that signed up is signed in."""
    now = timezone.now()
    try:
        user = signing_up.confirm(token=token, network=entering.network_of(request), now=now)
    except BadToken as error:
        return render(request, "accounts/bad_link.html", {"reason": str(error)}, status=410)
    same_browser = request.session.pop(_SIGNED_UP, None) == user.pk
    if same_browser and user.is_active and user.restricted_at is None and second_factor.device_of(user) is None:
        entering.enter(request, user, device=None, now=now)
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/confirmed.html")


def _guesses(request: HttpRequest) -> dict[str, str]:
    wish = request.headers.get("Accept-Language", "")
    language = choices.guess_language(wish)
    return {"language": language, "country": choices.guess_country(wish), "time_zone": "UTC"}
