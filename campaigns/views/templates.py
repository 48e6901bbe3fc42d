"""Templates: the gallery, a closer look, and starting a campaign from one."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, has_role, member_required, role_required
from accounts.models import Role
from campaigns import gallery, template_queries
from campaigns.forms_templates import Filter
from campaigns.services import schemes, starting_points
from emailconcert.lib.htmx import redirect_to, render_part
from emailconcert.shell import toasts


@require_safe
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """Show the templates as small pictures: own ones, then the gallery."""
    chosen = Filter(request.GET)
    wanted = chosen.cleaned_data if chosen.is_valid() else {}
    text, occasion = wanted.get("q", ""), wanted.get("occasion", "")
    is_further = bool(wanted.get("after") or wanted.get("before"))
    page = template_queries.template_page(
        account=request.account, text=text, occasion=occasion, after=wanted.get("after"), before=wanted.get("before")
    )
    samples = [] if is_further else gallery.find(text=text, occasion=occasion)
    context = {
        "own": [(each, _picture(request, f"own:{each.pk}", state=each.updated_at.isoformat())) for each in page.rows],
        "page": page,
        "samples": [(each, _picture(request, f"gallery:{each.slug}")) for each in samples],
        "occasions": gallery.OCCASIONS.items(),
        "may_edit": has_role(request.membership, Role.EDITOR),
    }
    return render_part(request, "campaigns/templates.html", "results", context)


@require_safe
@member_required
def sample(request: MemberRequest, slug: str) -> HttpResponse:
    """Show a template of the gallery in full."""
    found = gallery.sample(slug)
    if found is None:
        raise Http404
    context = {"template": found, "key": f"gallery:{slug}"}
    return render(request, "campaigns/template.html", context | look(request, f"gallery:{slug}"))


@require_safe
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show an own template in full."""
    template = get_object_or_404(template_queries.templates_of(request.account), pk=pk)
    context = {"template": template, "key": f"own:{pk}", "is_own": True}
    seen = look(request, f"own:{pk}", state=template.updated_at.isoformat())
    return render(request, "campaigns/template.html", context | seen)


@require_POST
@role_required(Role.EDITOR)
def use(request: MemberRequest) -> HttpResponse:
    """Make a draft that says what a template says."""
    start = starting_points.find_start(request.POST.get("start", ""), account=request.account)
    if start is None:
        raise Http404
    name = getattr(start, "name", "") or start.subject or "New campaign"
    campaign = starting_points.create_campaign(
        account=request.account, name=name[:120], start=start, created_by=request.user, now=now()
    )
    toasts.done(request, f"“{campaign.name}” is a draft now. Make it yours.")
    return redirect_to(request, "campaigns:content", pk=campaign.pk)


def look(request: MemberRequest, key: str, *, state: str = "") -> dict[str, object]:
    """Return what a page needs to show a template in a colour scheme, and what one may do."""
    scheme = request.GET.get("scheme", "")
    scheme = scheme if scheme in schemes.SCHEMES else "light"
    return {
        "scheme": scheme,
        "picture": f"{_picture(request, key, state=state)}?scheme={scheme}",
        "may_edit": has_role(request.membership, Role.EDITOR),
    }


def _picture(request: MemberRequest, key: str, *, state: str = "") -> str:
    return starting_points.picture_url(key, account=request.account, now=now(), state=state)
