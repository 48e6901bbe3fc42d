"""Print by which date a privacy request must be answered, with the reason."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError, CommandParser

from privacy.services import clocks


class Command(BaseCommand):
    """Reckons one clock from the command line; touches no database."""

    help = "Print a privacy request's date under one clock, and how it came about."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what the clock is reckoned from."""
        parser.add_argument("--regime", required=True, choices=[str(each) for each in clocks.Clock])
        parser.add_argument("--received", required=True, help="ISO 8601; without an offset it is in --zone.")
        parser.add_argument("--verified", help="When identity was verified.")
        parser.add_argument("--id-asked", help="When proof of identity was asked for.")
        parser.add_argument("--paused", nargs=2, action="append", default=[], metavar=("FROM", "TO"))
        parser.add_argument("--extended", action="store_true", help="The extension was taken.")
        parser.add_argument("--zone", default="UTC", help="IANA zone, for example Europe/Dublin.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reckon and print."""
        zone = options["zone"]
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise CommandError(f"{zone} is no zone of the IANA database; write for example Europe/Dublin.") from None
        pauses = [
            clocks.Pause(clocks.PauseKind.CLARIFICATION, _instant(since, zone), _instant(until, zone))
            for since, until in options["paused"]
        ]
        facts = clocks.Facts(
            received_at=_instant(options["received"], zone),
            zone=zone,
            verified_at=_instant(options["verified"], zone) if options["verified"] else None,
            id_asked_at=_instant(options["id_asked"], zone) if options["id_asked"] else None,
            pauses=pauses,
            extended=options["extended"],
            promise_restarted=options["extended"],
        )
        due = clocks.reckon(clocks.Clock(options["regime"]), facts, now=datetime.now(UTC))
        self.stdout.write(json.dumps(_as_json(due), ensure_ascii=False) if options["json"] else due.reason)


def _instant(text: str, zone: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no date; write for example 2027-01-31 or 2027-01-31T23:30-05:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def _as_json(due: clocks.Due) -> dict[str, str]:
    found = {
        "regime": str(due.clock),
        "due": due.due.isoformat(),
        "planned": due.planned.isoformat(),
        "reason": due.reason,
    }
    if due.acknowledge_by:
        found["acknowledge_by"] = due.acknowledge_by.isoformat()
    return found
