"""Doing something to many contacts: asked with a count, watched, stopped, taken back."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import tasks
from contacts.forms.table import BulkForm
from contacts.models import BulkAction, Contact, List, Tag
from contacts.services import undoing
from contacts.services.bulk_actions import asking_erasure, bulk, bulk_runs
from contacts.services.bulk_actions.bulk import Whom
from contacts.services.lists import organising
from contacts.table import chips, filters
from contacts.table.names import names_of
from contacts.views import exports
from contacts.views.pages import show
from contacts.views.people import say_deleted
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to
from emailconcert.shell import toasts

# So many at once are done while the member waits; it takes well under a second.
AT_ONCE = 200
_NEEDS = {"tag": "tag", "untag": "tag", "subscribe": "list", "unsubscribe": "list"}
_VERBS = {
    "tag": "Tag",
    "untag": "Take the tag off",
    "subscribe": "Subscribe",
    "unsubscribe": "Unsubscribe",
    "delete": "Delete",
    "erase": "Ask for the erasure of",
}


@require_POST
@role_required(Role.EDITOR)
def ask(request: MemberRequest) -> HttpResponse:
    """Do it to a selection at once; to all who match, ask first, with their number."""
    form = BulkForm(request.POST, account=request.account)
    if error := _missing(form):
        messages.error(request, error)
        return _back(request)
    action, whom = form.cleaned_data["action"], _whom(form)
    if action == "export":
        return show(request, "export_new", exports.question(request, whom), part="form")
    if whom.selected and len(whom.selected) <= AT_ONCE and action != "erase":
        return _do_now(request, action, whom, form)
    count = bulk.count(account_id=request.account.pk, whom=whom, now=now())
    context = {**_question(request, form, whom, count), "too_many": action == "erase" and count > asking_erasure.MOST}
    return show(request, "bulk_ask", context, part="form")


@require_POST
@role_required(Role.EDITOR)
def start(request: MemberRequest) -> HttpResponse:
    """Start what was asked about."""
    form = BulkForm(request.POST, account=request.account)
    if error := _missing(form):
        messages.error(request, error)
        return _back(request)
    action, whom = form.cleaned_data["action"], _whom(form)
    count = bulk.count(account_id=request.account.pk, whom=whom, now=now())
    if action in {"delete", "erase"} and request.POST.get("typed", "").replace(",", "").strip() != str(count):
        context = {**_question(request, form, whom, count), "error": f"Type the number {count} to go on."}
        return show(request, "bulk_ask", context, part="form", status=422)
    if action == "erase":
        return _ask_erasure(request, whom)
    try:
        begun = _begin(request, action, whom, form)
    except ExpectedError as error:
        messages.error(request, str(error))
        return _back(request)
    _wake(begun)
    return redirect_to(request, "contacts:bulk-action", pk=begun.pk)


@require_safe
@member_required
def actions(request: MemberRequest) -> HttpResponse:
    """Show what was done to many lately, newest first."""
    done = BulkAction.objects.filter(account=request.account).select_related("created_by").order_by("-pk")[:50]
    moment = now()
    rows = [(each, bulk.may_undo(each, now=moment)) for each in done]
    return show(request, "bulk_actions", {"rows": rows})


@require_safe
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show how far an action is."""
    action = get_object_or_404(BulkAction, account=request.account, pk=pk)
    names = names_of(request.account.pk)
    context: dict[str, Any] = {
        "action": action,
        "is_open": action.state in bulk.OPEN,
        "may_undo": bulk.may_undo(action, now=now()),
        "whom": "Selected contacts"
        if action.selected
        else chips.in_words(filters.parse(QueryDict(action.query)), names),
    }
    return show(request, "bulk_action", context, part="progress")


@require_POST
@role_required(Role.EDITOR)
def stop(request: MemberRequest, pk: int) -> HttpResponse:
    """Stop an action; what is done stays."""
    action = get_object_or_404(BulkAction, account=request.account, pk=pk)
    try:
        bulk.cancel(action=action, now=now(), actor=actor(request))
    except bulk.HasEnded as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:bulk-action", pk=pk)


@require_POST
@role_required(Role.EDITOR)
def undo(request: MemberRequest, pk: int) -> HttpResponse:
    """Take an action back."""
    action = get_object_or_404(BulkAction, account=request.account, pk=pk)
    try:
        bulk.undo(action=action, now=now(), actor=actor(request))
    except bulk.CannotUndo as error:
        messages.error(request, str(error))
        return redirect_to(request, "contacts:bulk-action", pk=pk)
    if action.changed > AT_ONCE:
        _wake(action)
        return redirect_to(request, "contacts:bulk-action", pk=pk)
    bulk_runs.run_slice(account_id=request.account.pk, action_id=pk, clock=now)
    action.refresh_from_db()
    messages.success(request, f"Taken back for {action.put_back:,} of {action.changed:,}.")
    return redirect_to(request, "contacts:list")


def _wake(action: BulkAction) -> None:
    ids = {"account_id": action.account_id, "action_id": action.pk}
    # The scheduler wakes it too: a broker that is away delays it and loses nothing.
    transaction.on_commit(lambda: tasks.run_bulk_action.delay(**ids), robust=True)


def _missing(form: BulkForm) -> str:
    """Return what is wanting, in a sentence; empty where nothing is."""
    if not form.is_valid() or not (form.cleaned_data["everybody"] or form.cleaned_data["selected"]):
        return "Select some contacts and choose what to do with them."
    need = _NEEDS.get(form.cleaned_data["action"], "")
    if need and not form.cleaned_data[need]:
        return "Write the tag's name first." if need == "tag" else "Choose the list first."
    return ""


def _whom(form: BulkForm) -> Whom:
    if form.cleaned_data["everybody"]:
        return Whom(query=filters.parse(QueryDict(form.cleaned_data["query"])).encode())
    return Whom(selected=tuple(form.cleaned_data["selected"]))


def _begin(request: MemberRequest, action: str, whom: Whom, form: BulkForm) -> BulkAction:
    tag: Tag | None = None
    if _NEEDS.get(action) == "tag":
        tag = organising.create_tag(account_id=request.account.pk, name=form.cleaned_data["tag"], now=now())
    target: List | None = form.cleaned_data["list"] if _NEEDS.get(action) == "list" else None
    return bulk.start(
        account_id=request.account.pk,
        kind=action,
        whom=whom,
        tag=tag,
        list=target,
        user_id=request.user.pk,
        now=now(),
        actor=actor(request),
    )


def _do_now(request: MemberRequest, action: str, whom: Whom, form: BulkForm) -> HttpResponse:
    if action == "delete":
        chosen = Contact.objects.filter(account=request.account, pk__in=whom.selected).order_by("pk")
        held = undoing.may_only_be_stored(chosen)
        free = [contact for contact in chosen if contact.pk not in held]
        secret = undoing.delete_contacts(contacts=free, now=now(), actor=actor(request))
        say_deleted(request, len(free), secret, left_out=len(held))
        return _back(request)
    try:
        begun = _begin(request, action, whom, form)
        bulk_runs.run_slice(account_id=request.account.pk, action_id=begun.pk, clock=now)
        begun.refresh_from_db()
        may_undo = bulk.may_undo(begun, now=now())
        toasts.done(request, _said(begun), undo_url=reverse("contacts:bulk-undo", args=[begun.pk]) if may_undo else "")
    except ExpectedError as error:
        messages.error(request, str(error))
    return _back(request)


def _said(action: BulkAction) -> str:
    done = {
        "tag": f"{action.changed:,} tagged “{action.about}”.",
        "untag": f"“{action.about}” taken off {action.changed:,}.",
        "subscribe": f"{action.changed:,} more on “{action.about}” now.",
        "unsubscribe": f"{action.changed:,} taken off “{action.about}”.",
    }[action.kind]
    if not action.left_out:
        return done
    why = "had said no and stay out" if action.kind == "subscribe" else "asked to be left as they are"
    return f"{done} {action.left_out:,} {why}."


def _ask_erasure(request: MemberRequest, whom: Whom) -> HttpResponse:
    try:
        made = asking_erasure.ask(account=request.account, whom=whom, now=now(), actor=actor(request))
        text = f"{made:,} {'request is' if made == 1 else 'requests are'} with the Data Protection Officer now."
        messages.success(request, text)
    except ExpectedError as error:
        messages.error(request, str(error))
    return _back(request)


def _question(request: MemberRequest, form: BulkForm, whom: Whom, count: int) -> dict[str, Any]:
    action = form.cleaned_data["action"]
    about = form.cleaned_data["tag"] if _NEEDS.get(action) == "tag" else form.cleaned_data["list"] or ""
    people = "1 person" if count == 1 else f"{count:,} people"
    end = {"tag": f" “{about}”", "untag": "", "subscribe": f" to “{about}”", "unsubscribe": f" from “{about}”"}
    verb = f"Take “{about}” off" if action == "untag" else _VERBS[action]
    return {
        "action": action,
        "title": f"{verb} {people}{end.get(action, '')}",
        "count": count,
        "whom": whom,
        "said": "Selected contacts"
        if whom.selected
        else chips.in_words(filters.parse(QueryDict(whom.query)), names_of(request.account.pk)),
        "given": form.cleaned_data,
        "typed": action in {"delete", "erase"},
        "at_once": AT_ONCE,
    }


def _back(request: MemberRequest) -> HttpResponse:
    query = filters.parse(QueryDict(request.POST.get("query", ""))).encode()
    return redirect_to(request, f"{reverse('contacts:list')}?{query or 'all=1'}")
