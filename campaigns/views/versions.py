"""Versions of what a campaign says: the list, one beside what is there now, and bringing one back."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models.functions import Length
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, role_required
from accounts.models import Role
from campaigns import queries
from campaigns.models import ContentVersion
from campaigns.services import comparing, previewing, versions
from campaigns.views.common import campaign_or_404, variant_or_404
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to
from emailconcert.shell import toasts


@require_safe
@role_required(Role.EDITOR)
def index(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """List who saved what when, the newest first."""
    campaign = campaign_or_404(request, pk)
    variant = variant_or_404(campaign, name)
    rows = list(queries.content_versions(campaign, name).defer("source", "text").annotate(size=Length("source")))
    newest = next((each for each in rows if each.why != ContentVersion.Why.BESIDE), None)
    context = {"campaign": campaign, "variant": variant, "rows": rows, "newest": newest}
    context["kept"] = settings.CONTENT_VERSIONS
    return render(request, "campaigns/versions.html", context)


@require_safe
@role_required(Role.EDITOR)
def detail(request: MemberRequest, pk: int, name: str, number: int) -> HttpResponse:
    """Show one version, and what it differs in from what is there now."""
    campaign = campaign_or_404(request, pk)
    version = queries.content_version(campaign, number, name)
    variant = variant_or_404(campaign, name)
    if version is None:
        raise Http404
    eyes = previewing.Eyes(is_invented=True)
    newest = versions.newest_version(variant)
    shown: dict[str, Any] = {"campaign": campaign, "eyes": eyes, "name": name, "now": now()}
    is_choice = version.why == ContentVersion.Why.BESIDE
    context = {
        "campaign": campaign,
        "heading": "Choose one of the two" if is_choice else f"Version {number}",
        "lead": "Both were written at the same time. The one you don't choose stays a version." if is_choice else "",
        "version": version,
        "variant": variant,
        "newest": newest,
        "is_current": newest is not None and newest.pk == version.pk,
        "lines": comparing.difference(variant.source, version.source),
        "version_url": previewing.preview_url(**shown, version=number),
        "current_url": previewing.preview_url(**shown),
    }
    return render(request, "campaigns/version.html", context)


@require_POST
@role_required(Role.EDITOR)
def restore(request: MemberRequest, pk: int, name: str, number: int) -> HttpResponse:
    """Make a version the newest; what was there stays a version too."""
    campaign = campaign_or_404(request, pk)
    try:
        versions.restore_version(campaign=campaign, name=name, number=number, author=request.user, now=now())
    except ExpectedError as error:
        messages.error(request, str(error))
        return redirect_to(request, "campaigns:versions", pk=pk, name=name)
    toasts.done(request, f"Version {number} is back. What was there before is kept as a version too.")
    return redirect_to(request, "campaigns:content", pk=pk, name=name)
