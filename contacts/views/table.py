"""The table of contacts: search, filters, order, columns and saved views, all in the page's address."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts.forms.table import ColumnsForm, FilterForm, ViewForm
from contacts.models import SavedView
from contacts.services import viewing
from contacts.table import chips, columns, filters, finding, looking_up, paging
from contacts.table.filters import number
from contacts.table.names import names_of
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import is_htmx, redirect_to


@require_safe
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """List contacts: searched, filtered, sorted, a page at a time."""
    query = request.GET
    if not query and (first := SavedView.objects.filter(account=request.account, is_default=True).first()):
        return redirect(_address(first))
    if not is_htmx(request) and (query.get("field") or any(not text for text in query.values())):
        kept = [(name, query[name]) for name in ("sort", "view", "all") if query.get(name)]
        return redirect(f"{request.path}?{urlencode([*filters.parse(query).pairs(), *kept])}")
    wanted = filters.parse(query)
    found = looking_up.look_up(
        account_id=request.account.pk,
        filters=wanted,
        sort=query.get("sort", paging.DEFAULT),
        now=now(),
        after=number(query.get("after")),
        before=number(query.get("before")),
    )
    return show(request, "list", _context(request, wanted, found))


def _context(request: MemberRequest, wanted: filters.Filters, found: looking_up.Found) -> dict[str, Any]:
    names = names_of(request.account.pk)
    views = list(SavedView.objects.filter(account=request.account).order_by("name"))
    view = next((each for each in views if str(each.pk) == request.GET.get("view")), None)
    chosen = viewing.chosen_columns(account_id=request.account.pk, user_id=request.user.pk)
    shown = columns.chosen(view.columns if view and view.columns else chosen, names.columns)
    initial = dict(wanted.pairs())
    return {
        "columns": shown,
        "rows": columns.cells(found.page.rows, shown),
        "page": found.page,
        "found": found,
        "widened": found.filters.anywhere and not wanted.anywhere,
        "filters": wanted,
        "query": found.filters.encode(),
        "chips": chips.chips(found.filters, names),
        "filter_form": FilterForm(initial=initial, names=names),
        "kept": [(name, text) for name, text in wanted.pairs() if name in {"q", "anywhere"} or name.startswith("is.")]
        + [("tag", str(tag)) for tag in wanted.tags[1:]],
        "columns_form": ColumnsForm(initial={"columns": [each.name for each in shown]}, known=names.columns),
        "view_form": ViewForm(initial={"query": _view_query(request)}),
        "views": [(each, _address(each)) for each in views],
        "view": view,
        "sorts": chips.sorts(request.GET),
        "lists": names.lists,
        "tags": names.tags,
    }


@require_safe
@member_required
def count(request: MemberRequest) -> HttpResponse:
    """Tell how many match, to the last one."""
    found = finding.matching(account_id=request.account.pk, filters=filters.parse(request.GET), now=now())
    total, _ = finding.count(found, limit=None)
    return show(request, "count", {"total": total}, part="count")


@require_POST
@role_required(Role.EDITOR)
def save_view(request: MemberRequest) -> HttpResponse:
    """Keep the filters, order and columns of this page under a name."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Write a name of at most 60 characters for this view.")
        return redirect_to(request, "contacts:list")
    query = form.cleaned_data["query"]
    chosen = viewing.chosen_columns(account_id=request.account.pk, user_id=request.user.pk)
    try:
        view = viewing.save_view(
            account_id=request.account.pk,
            name=form.cleaned_data["name"],
            query=_clean(query),
            columns=chosen,
            now=now(),
            actor=actor(request),
        )
    except ExpectedError as error:
        messages.error(request, str(error))
        return redirect_to(request, f"{reverse('contacts:list')}?{_clean(query) or 'all=1'}")
    messages.success(request, f"Saved as “{view.name}”, for everybody in this account.")
    return redirect_to(request, _address(view))


@require_POST
@role_required(Role.EDITOR)
def change_view(request: MemberRequest, pk: int) -> HttpResponse:
    """Rename a view, or open the page with it from now on."""
    view = get_object_or_404(SavedView, account=request.account, pk=pk)
    if "default" in request.POST:
        is_default = request.POST["default"] == "1"
        viewing.choose_default(view=view, is_default=is_default, now=now(), actor=actor(request))
        return redirect_to(request, _address(view))
    form = ViewForm(request.POST)
    try:
        if form.is_valid():
            viewing.rename_view(view=view, name=form.cleaned_data["name"], now=now(), actor=actor(request))
        else:
            messages.error(request, "Write a name of at most 60 characters for this view.")
    except ExpectedError as error:
        messages.error(request, str(error))
    return redirect_to(request, _address(view))


@require_POST
@role_required(Role.EDITOR)
def delete_view(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a view."""
    view = get_object_or_404(SavedView, account=request.account, pk=pk)
    viewing.delete_view(view=view, now=now(), actor=actor(request))
    messages.success(request, f"The view “{view.name}” was deleted. Nobody's contacts changed.")
    return redirect_to(request, f"{reverse('contacts:list')}?all=1")


@require_POST
@member_required
def choose_columns(request: MemberRequest) -> HttpResponse:
    """Remember which columns this member wants to see."""
    viewing.choose_columns(
        account_id=request.account.pk, user_id=request.user.pk, names=request.POST.getlist("columns")
    )
    return redirect_to(request, f"{reverse('contacts:list')}?{_clean(request.POST.get('query', '')) or 'all=1'}")


def _address(view: SavedView) -> str:
    query = f"{view.query}&" if view.query else ""
    return f"{reverse('contacts:list')}?{query}view={view.pk}"


def _view_query(request: MemberRequest) -> str:
    said = filters.parse(request.GET).pairs()
    sort = request.GET.get("sort", "")
    return urlencode([*said, ("sort", sort)] if sort.removeprefix("-") in paging.SORTS else said)


def _clean(query: str) -> str:
    """Return what of a query string says filters and order."""
    found = QueryDict(query)
    sort = [
        ("sort", text) for name, text in parse_qsl(query) if name == "sort" and text.removeprefix("-") in paging.SORTS
    ]
    return urlencode([*filters.parse(found).pairs(), *sort[:1]])
