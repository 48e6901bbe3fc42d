"""How often forms are seen, sent in and confirmed: one row per form and day, numbers only."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import Sum

from contacts.models import FormDay

# What says of itself that it is a program: nobody looks at a form through it.
_PROGRAM = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|fetch|scan|monitor|check|curl|wget|python|java/|go-http|okhttp|headless"
    r"|facebookexternalhit|whatsapp|telegram|lighthouse|http[-_ ]?client|axios|node",
    re.IGNORECASE,
)
_ADD_VIEW = """
    INSERT INTO contacts_formday (account_id, form_id, day, views) VALUES (%s, %s, %s, 1)
    ON CONFLICT (account_id, form_id, day) DO UPDATE SET views = contacts_formday.views + 1
"""
_ADD_CONFIRMATION = """
    INSERT INTO contacts_formday (account_id, form_id, day, confirmations) VALUES (%s, %s, %s, 1)
    ON CONFLICT (account_id, form_id, day) DO UPDATE SET confirmations = contacts_formday.confirmations + 1
"""


@dataclass(frozen=True)
class Figures:
    """Sums over some days."""

    views: int = 0
    submissions: int = 0
    confirmations: int = 0


def is_program(agent: str) -> bool:
    """Tell whether a browser's name is that of a program, or missing."""
    return not agent or _PROGRAM.search(agent) is not None


def count_view(*, account_id: int, form_id: int, now: datetime) -> None:
    """Count that somebody saw a form."""
    _run(_ADD_VIEW, account_id, form_id, now)


def count_confirmation(*, account_id: int, form_id: int, now: datetime) -> None:
    """Count that somebody confirmed."""
    _run(_ADD_CONFIRMATION, account_id, form_id, now)


def figures_by_form(account_id: int) -> dict[int, Figures]:
    """Return the sums of all days by form."""
    rows = FormDay.objects.filter(account_id=account_id).values("form_id")
    sums = rows.annotate(v=Sum("views"), s=Sum("submissions"), c=Sum("confirmations"))
    return {row["form_id"]: Figures(row["v"], row["s"], row["c"]) for row in sums}


def days_of(*, form_id: int, now: datetime, days: int = 30) -> list[tuple[date, Figures]]:
    """Return the last days of a form, the oldest first, those without anybody too."""
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=days - 1)
    rows = {row.day: row for row in FormDay.objects.filter(form_id=form_id, day__range=(first, last))}
    moments = [first + timedelta(days=number) for number in range(days)]
    return [
        (day, Figures(row.views, row.submissions, row.confirmations) if (row := rows.get(day)) else Figures())
        for day in moments
    ]


def _run(sql: str, account_id: int, form_id: int, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [account_id, form_id, now.astimezone(UTC).date()])
