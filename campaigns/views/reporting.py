"""How it went."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts.access import MemberRequest, member_required
from campaigns.models import Campaign
from campaigns.services import deciding, reporting
from campaigns.views.common import campaign_or_404


@require_safe
@member_required
def report(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one campaign's report."""
    campaign = campaign_or_404(request, pk)
    if campaign.state in Campaign.WRITTEN:
        return redirect("campaigns:detail", pk=pk)
    made = reporting.report(campaign=campaign)
    context = {"campaign": campaign, "report": made, "numbers": made.numbers}
    context["test"] = deciding.result(campaign=campaign, now=now())
    context["figures"] = reporting.figures(made.numbers)
    return render(request, "campaigns/report.html", context)


@require_safe
@member_required
def export(request: MemberRequest, pk: int) -> HttpResponse:
    """Give the report's numbers as CSV."""
    campaign = campaign_or_404(request, pk)
    response = HttpResponse(reporting.export_csv(campaign=campaign), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(campaign.name) or campaign.pk}-report.csv"'
    return response


@require_safe
@member_required
def overview(request: MemberRequest) -> HttpResponse:
    """Show all campaigns that were sent beside each other."""
    made = reporting.overview(account_id=request.account.pk, now=now())
    return render(request, "campaigns/reports.html", {"overview": made})
