"""Say what mail that came back means."""

import mailbox
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand

from tracking.bounces.classifying import classify
from tracking.bounces.findings import Finding

_MBOX = b"From "


class Command(BaseCommand):
    """Reads files only: needs no database, and changes nothing."""

    help = (
        "Say what mail that came back means, one line per recipient: bounce (hard, soft, or the sender's fault), complaint, "
        "auto-reply. FILE is a mail (.eml), a mailbox (mbox), or - for what is piped in. "
        "Exit code 1: a file could not be read. What is not understood is `unknown`."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="Print one JSON object a line.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what each mail says."""
        is_unread = False
        for name in options["files"]:
            try:
                for content in _mails(name):
                    for finding in classify(content):
                        self.stdout.write(_line(name, finding, as_json=options["json"]))
            except OSError as error:
                is_unread = True
                self.stderr.write(f"{name} can't be read: {error.strerror or error}.")
        if is_unread:
            sys.exit(1)


def _mails(name: str) -> Iterator[bytes]:
    """Yield a file's mails: one, or those of a mailbox. Raises OSError."""
    if name == "-":
        yield from [sys.stdin.buffer.read()]
        return
    path = Path(name)
    with path.open("rb") as file:
        is_mailbox = file.read(len(_MBOX)) == _MBOX
    if not is_mailbox:
        yield path.read_bytes()
        return
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            yield box.get_bytes(key)
    finally:
        box.close()


def _line(name: str, finding: Finding, *, as_json: bool) -> str:
    facts = {
        "file": name,
        "kind": finding.kind.value,
        "status": finding.status,
        "recipient": finding.recipient,
        "action": finding.action.value,
        "reason": finding.reason,
    }
    if as_json:
        return orjson.dumps(facts).decode()
    words = " ".join(filter(None, (finding.kind.value, finding.status, finding.recipient)))
    return f"{name}: {words}: {finding.reason}"
