"""Accepting an invitation to a team. These pages stand outside every account's scope."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import choices, entering
from accounts.forms.signing import JoinForm
from accounts.middleware import SESSION_KEY
from accounts.models import Invitation, Role, User
from accounts.services import inviting


@never_cache
@require_safe
def show(request: HttpRequest, secret: str) -> HttpResponse:
    """Show who invites to what; only a press of the button accepts."""
    try:
        invitation = inviting.find(secret=secret, now=timezone.now())
    except inviting.CannotAccept as error:
        return render(request, "accounts/bad_link.html", {"reason": str(error)}, status=410)
    return _page(request, invitation, secret, JoinForm(user=User(email=invitation.email), initial=_guesses(request)))


@require_POST
def accept(request: HttpRequest, secret: str) -> HttpResponse:
    """Join as the signed-in profile."""
    if not isinstance(request.user, User):
        return redirect("accounts:invitation", secret)
    try:
        membership = inviting.accept(
            secret=secret, user=request.user, network=entering.network_of(request), now=timezone.now()
        )
    except inviting.CannotAccept as error:
        return render(request, "accounts/bad_link.html", {"reason": str(error)}, status=410)
    request.session[SESSION_KEY] = membership.account_id
    return redirect("home")


@require_POST
@sensitive_post_parameters("password")
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Make the invited person's profile and join with it."""
    now = timezone.now()
    try:
        invitation = inviting.find(secret=secret, now=now)
        form = JoinForm(request.POST, user=User(email=invitation.email))
        if not form.is_valid() or request.user.is_authenticated:
            return _page(request, invitation, secret, form, status=422)
        facts = {name: value for name, value in form.cleaned_data.items() if name != "accept"}
        user = inviting.accept_as_new(secret=secret, network=entering.network_of(request), now=now, **facts)
    except inviting.CannotAccept as error:
        return render(request, "accounts/bad_link.html", {"reason": str(error)}, status=410)
    entering.enter(request, user, device=None, now=now)
    return redirect("home")


def _page(
    request: HttpRequest, invitation: Invitation, secret: str, form: JoinForm, *, status: int = 200
) -> HttpResponse:
    known = User.objects.filter(email=invitation.email).exclude(email_confirmed_at=None).exists()
    is_person = isinstance(request.user, User) and request.user.email == invitation.email
    role = Role(invitation.role)
    context = {
        "invitation": invitation,
        "role": role.label.lower(),
        "secret": secret,
        "form": form,
        "known": known,
        "is_person": is_person,
    }
    return render(request, "accounts/invitation.html", context, status=status)


def _guesses(request: HttpRequest) -> dict[str, str]:
    return {"language": choices.guess_language(request.headers.get("Accept-Language", "")), "time_zone": "UTC"}
