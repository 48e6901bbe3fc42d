"""The register of special-category findings in the admin site."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import actor
from privacy.models import SpecialCategoryFinding
from privacy.services import findings
from privacy.views.desk import officer_required


@never_cache
@require_safe
@officer_required
def register(request: HttpRequest) -> HttpResponse:
    """List the findings, those to be decided first."""
    state = request.GET.get("state", "")
    state = state if state in SpecialCategoryFinding.State.values else ""
    context = {
        **admin.site.each_context(request),
        "title": "Special categories",
        "rows": findings.rows(state=state),
        "states": SpecialCategoryFinding.State.choices,
        "state": state,
    }
    return render(request, "admin/privacy/findings.html", context)


@require_POST
@officer_required
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Allow a finding, or uphold it."""
    allow = request.POST.get("decision") == "allow"
    try:
        findings.decide(pk=pk, allow=allow, actor=actor(request), now=now())
    except findings.NothingToDecide as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Allowed. The owners are told." if allow else "Upheld. The owners are told.")
    return redirect("admin:privacy_specialcategoryfinding_changelist")
