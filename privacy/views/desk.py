"""The Data Protection Officer's desk in the admin site: the queue, one request's page, one step at a time."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import actor
from accounts.models import User
from emailconcert.lib.errors import ExpectedError
from privacy import tasks
from privacy.forms import EntryForm, NoteForm, RefusalForm
from privacy.models import PrivacyRequest
from privacy.services import desk, reading

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def is_officer(request: HttpRequest) -> bool:
    """Tell whether the person is a Data Protection Officer, with a second factor in this session."""
    user = request.user
    return isinstance(user, User) and user.platform_role == User.PlatformRole.DPO and admin.site.has_permission(request)


def officer_required(view: View[P]) -> View[P]:
    """Let Data Protection Officers in whose session passed the admin site's second factor."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not is_officer(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return admin.site.admin_view(guarded)  # type: ignore[return-value]  # the stubs know no parameters


@never_cache
@require_safe
@officer_required
def queue(request: HttpRequest) -> HttpResponse:
    """Show the queue, the earliest date first."""
    key, kind = request.GET.get("show", "open"), request.GET.get("type", "")
    rows = reading.queue(key=key, type=kind, today=now())
    context = _context(request, "Queue", rows=rows, counts=reading.counts(), key=key, kind=kind)
    return render(request, "admin/privacy/queue.html", {**context, "types": PrivacyRequest.Type.choices})


@never_cache
@require_safe
@officer_required
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one request with everything on it."""
    return _page(request, pk, RefusalForm())


@never_cache
@require_safe
@officer_required
def registers(request: HttpRequest) -> HttpResponse:
    """List the registers."""
    return render(request, "admin/privacy/registers.html", _context(request, "Registers", registers=_REGISTERS))


_REGISTERS = (
    ("Erasure ledger", "What was erased, for ever", "admin:privacy_erasureledger_changelist"),
    ("Suppressions", "Addresses never to be mailed, by account", "admin:privacy_suppression_changelist"),
    ("Restrictions", "People whose data may be stored and nothing else", "admin:privacy_restriction_changelist"),
    ("Consents", "Who agreed, when and how", "admin:privacy_consent_changelist"),
    (
        "Special categories",
        "Names and values that the guard kept out, to allow or uphold",
        "admin:privacy_specialcategoryfinding_changelist",
    ),
    ("Mail to review", "Bounces and replies that no rule understood", "admin:tracking_reviewmail_changelist"),
    ("Notices", "Versions of the notice and the Terms", "admin:privacy_noticeversion_changelist"),
    ("Retention", "Runs of the sweeper", "admin:privacy_retentionrun_changelist"),
)


@never_cache
@officer_required
def enter(request: HttpRequest) -> HttpResponse:
    """Write down a request that came by letter or email."""
    form = EntryForm(request.POST or None, initial={"received_on": now().date()})
    if request.method == "POST" and form.is_valid():
        try:
            made = desk.enter(
                wanted=form.wanted(),
                channel=form.cleaned_data["channel"],
                received_at=form.received_at(),
                actor=actor(request),
                now=now(),
            )
            return redirect(address_of(made.pk))
        except desk.NotTaken as error:
            form.add_error(None, str(error))
    context = _context(request, "Enter a request", form=form)
    return render(request, "admin/privacy/enter.html", context, status=422 if form.errors else 200)


@require_POST
@officer_required
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse a request, with ground and reason."""
    form = RefusalForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, form, status=422)
    data = form.cleaned_data
    return _take(request, pk, lambda: desk.refuse(
        pk=pk, code=data["code"], reason=data["note"], actor=actor(request), now=now()
    ))  # fmt: skip


@require_POST
@officer_required
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which account is meant."""
    chosen = request.POST.get("account", "")
    account_id = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 18 else 0
    return _take(
        request, pk, lambda: desk.choose_account(pk=pk, account_id=account_id, actor=actor(request), now=now())
    )


@require_POST
@officer_required
def step(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Take one step; the next one is offered on the page."""
    form = NoteForm(request.POST)
    if name not in _STEPS or not form.is_valid():
        raise Http404
    return _take(
        request, pk, lambda: _STEPS[name](pk=pk, actor=actor(request), now=now(), **_note(name, form.cleaned_data))
    )


_STEPS: dict[str, Callable[..., None]] = {
    "verify": desk.verify_by_hand,
    "proof": desk.ask_for_proof,
    "clarify": desk.ask_to_clarify,
    "clarified": desk.note_clarified,
    "extend": desk.extend,
    "restart": desk.restart_promise,
    "dry-run": desk.view_dry_run,
    "approve": desk.approve,
    "second": desk.approve_second,
    "override": desk.override_cooling_off,
    "retry": desk.retry,
    "reopen": desk.reopen,
    "announce-lift": desk.announce_lift,
    "lift": desk.lift,
}
_NOTES = {
    "verify": "note",
    "proof": "reason",
    "clarify": "question",
    "clarified": "answer",
    "extend": "reason",
    "override": "reason",
    "announce-lift": "reason",
}


def _note(name: str, data: dict[str, Any]) -> dict[str, str]:
    return {_NOTES[name]: data["note"].strip()} if name in _NOTES else {}


def _take(request: HttpRequest, pk: int, act: Callable[[], None]) -> HttpResponse:
    try:
        act()
    except desk.UnknownRequest:
        raise Http404 from None
    except ExpectedError as error:
        messages.error(request, str(error))
    else:
        tasks.wake()
    return redirect(address_of(pk))


def _page(request: HttpRequest, pk: int, form: RefusalForm, *, status: int = 200) -> HttpResponse:
    assert isinstance(request.user, User)  # noqa: S101  # for the type checker; officer_required saw to it
    paper = reading.paper(pk=pk, officer=request.user, now=now())
    if paper is None:
        raise Http404
    context = _context(request, paper.row.type, paper=paper, row=paper.row, case=paper.request, refusal_form=form)
    return render(request, "admin/privacy/page.html", context, status=status)


def _context(request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    return {**admin.site.each_context(request), "title": title, **more}


def address_of(pk: int) -> str:
    """Return the address of a request's page."""
    return reverse("admin:privacy_privacyrequest_change", args=[pk])
