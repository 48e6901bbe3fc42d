"""Settings, Sending, Reputation: how mailbox providers and people receive what is sent."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts.access import MemberRequest, member_required
from delivery.models import SendingDomain
from delivery.services import blocklists, dmarc_reports, dmarc_standing
from delivery.services import reputation_advice as advice
from delivery.services import reputation_reports as reports
from delivery.services.reputation_reports import Figures, Report, Share
from emailconcert.shell.rate_charts import Line, Rates

PERIODS = (7, 30, 90)
_JUDGED_DAYS = 30
_TONES = {
    advice.Level.UNKNOWN: ("info", "Too early to tell"),
    advice.Level.GOOD: ("success", "Good"),
    advice.Level.WATCH: ("warning", "Watch"),
    advice.Level.ACT: ("danger", "Act"),
}


@require_safe
@member_required
def overview(request: MemberRequest) -> HttpResponseBase:
    """Show how it stands, rates over time, and by provider and domain."""
    days = next((each for each in PERIODS if request.GET.get("days") == str(each)), _JUDGED_DAYS)
    chosen = {"domain": request.GET.get("domain", "")[:253], "provider": request.GET.get("provider", "")[:20]}
    moment, account_id = now(), request.account.pk
    judged = reports.read(account_id=account_id, days=_JUDGED_DAYS, now=moment)
    is_same = days == _JUDGED_DAYS and not any(chosen.values())
    shown = judged if is_same else reports.read(account_id=account_id, days=days, now=moment, **chosen)
    level, found = advice.judge(judged)
    tone, word = _TONES[level]
    context = {
        "level": level.name.lower(),
        "tone": tone,
        "word": word,
        "advice": found,
        "stats": _stats(judged.total),
        "shown": shown,
        "charts": _charts(shown),
        "periods": [(each, each == days, _address(request.GET, days=each)) for each in PERIODS],
        "chips": [
            (_words(name, value), _address(request.GET, **{name: ""})) for name, value in chosen.items() if value
        ],
        "domains": [(row, _address(request.GET, domain=row.key)) for row in shown.domains],
        "providers": [(row, _address(request.GET, provider=row.key)) for row in shown.providers],
        "fewest": reports.FEWEST,
        "standings": dmarc_standing.read(account_id=account_id, now=moment),
        "looks_up_blocklists": blocklists.is_on(),
        "listings": blocklists.read(_verified(account_id)),
        "dmarc_address": f"{dmarc_reports.MAILBOX}@{settings.PLATFORM_DOMAIN}",
    }
    return render(request, "delivery/reputation.html", context)


def _verified(account_id: int) -> list[str]:
    verified = SendingDomain.objects.filter(account_id=account_id).exclude(verified_at=None)
    return list(verified.values_list("domain", flat=True))


def _stats(total: Figures) -> list[tuple[str, str, str]]:
    return [
        ("Reported as spam", total.complained.words, _note(total.complained, "sent to providers that tell")),
        ("Addresses that do not exist", total.bounced.words, _note(total.bounced, "tried")),
        ("Unsubscribed", total.left.words, _note(total.left, "sent")),
    ]


def _note(share: Share, of: str) -> str:
    return f"{share.part:,} of {share.base:,} {of}, in 30 days"


def _words(name: str, value: str) -> str:
    return reports.label(value) if name == "provider" else value


def _address(asked: QueryDict, **changed: object) -> str:
    kept = {name: asked[name] for name in ("days", "domain", "provider") if asked.get(name)} | changed
    return "?" + urlencode({name: value for name, value in kept.items() if value})


def _charts(report: Report) -> list[Rates]:
    complaints = (
        Line(advice.COMPLAINTS_WATCH, "0.1 %: watch", "warning"),
        Line(advice.COMPLAINTS_ACT, "0.3 %: providers refuse mail", "danger"),
    )
    bounces = (
        Line(advice.BOUNCES_WATCH, f"{advice.BOUNCES_WATCH:g} %: watch", "warning"),
        Line(advice.bounces_act(), f"{advice.bounces_act():g} %: a campaign stops", "danger"),
    )
    return [
        _chart("Reported as spam", report, [each.complained for each in report.windows], complaints),
        _chart("Addresses that do not exist", report, [each.bounced for each in report.windows], bounces),
        _chart("Unsubscribed", report, [each.left for each in report.windows], ()),
    ]


def _chart(title: str, report: Report, shares: list[Share], lines: tuple[Line, ...]) -> Rates:
    return Rates(
        title=title,
        labels=[f"{day.day} {day:%b}" for day in report.days],
        parts=[share.part if share.is_told else None for share in shares],
        bases=[share.base for share in shares],
        lines=lines,
        of="messages",
    )
