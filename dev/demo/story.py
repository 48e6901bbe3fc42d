"""The story: an account, an import, a newsletter, people who open, click and leave, and a second newsletter."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.demo.export_file import ExportFile, write_export
from dev.demo.stack import Stack

PEOPLE, DUPLICATES, REFUSED = 10_000, 300, 200
OPENING, CLICKING, LEAVING = 120, 60, 25
NEWSLETTER = """# Hello {{ contact.first_name | default: "friend" }}

The spring list is here. [See it](https://example.com/spring) or [write to us](https://example.com/write).

You get this because you signed up. [Unsubscribe]({{ unsubscribe_url }})
"""


@dataclass(frozen=True)
class Check:
    """A number that was found beside the one it must be."""

    what: str
    found: int
    expected: int

    @property
    def holds(self) -> bool:
        """Tell whether they are the same."""
        return self.found == self.expected


def say(text: str) -> None:
    """Show one line of progress."""
    print(f"  {text}", flush=True)


def tell() -> list[Check]:
    """Run it all; return every number that must add up."""
    stack = Stack()
    tag = f"demo{int(time.time())}"
    account = stack.manage(
        *("create_account", "--name", f"Demo {tag}", "--owner-email", f"{tag}@example.com", "--quota", "50000"),
        *("--postal-address", "1 Quay Street, Galway", "--country", "IE"),
    )
    slug = account["slug"]
    with tempfile.TemporaryDirectory() as folder:
        checks = _import(stack, slug, Path(folder), tag)
        body = Path(folder) / "newsletter.md"
        body.write_text(NEWSLETTER, encoding="utf-8")
        subject = f"Spring news {tag}"
        first, some = _send(stack, slug, body, subject, PEOPLE)
        checks += some
        checks += _react(stack, slug, first, subject)
        _, some = _send(stack, slug, body, f"Second news {tag}", PEOPLE - LEAVING)
        checks += some
    return checks


def _import(stack: Stack, slug: str, folder: Path, tag: str) -> list[Check]:
    file: ExportFile = write_export(
        folder / "export.csv", people=PEOPLE, duplicates=DUPLICATES, refused=REFUSED, tag=tag
    )
    say(f"Importing {PEOPLE + DUPLICATES + REFUSED:,} rows")
    first = stack.manage("import_contacts", "--account", slug, str(file.path), "--list", "Newsletter")
    say("Importing the same file again")
    again = stack.manage("import_contacts", "--account", slug, str(file.path), "--list", "Newsletter")
    return [
        Check("contacts added", first["added"], PEOPLE),
        Check("duplicate rows", first["duplicate"], DUPLICATES),
        Check("rows refused", first["refused"], REFUSED),
        Check("rows read", first["total"], PEOPLE + DUPLICATES + REFUSED),
        Check("added by the same file again", again["added"], 0),
        Check("changed by the same file again", again["changed"], 0),
    ]


def _send(stack: Stack, slug: str, body: Path, subject: str, expected: int) -> tuple[int, list[Check]]:
    say(f"Sending “{subject}” through the worker")
    began = time.monotonic()
    sent = stack.manage(
        *("send_campaign", "--account", slug, "--name", subject, "--subject", subject, "--list", "Newsletter"),
        *("--markdown", str(body), "--from", "Harbour Bakery <news@harbour.example.com>", "--wait"),
    )
    say(f"{sent['sent']:,} sent in {time.monotonic() - began:.0f} s")
    received = [to for message in stack.messages(subject) for to in message["recipients"]]
    states = ("queued", "sending", "sent", "failed", "skipped", "unconfirmed")
    return sent["campaign"], [
        Check(f"{subject}: audience", sent["audience"], expected),
        Check(f"{subject}: ledger's sum", sum(sent[state] for state in states), sent["audience"]),
        Check(f"{subject}: sent", sent["sent"], expected),
        Check(f"{subject}: received by the mail server", len(received), expected),
        Check(f"{subject}: different recipients", len(set(received)), expected),
    ]


def _react(stack: Stack, slug: str, campaign: int, subject: str) -> list[Check]:
    say(f"{OPENING} people open, {CLICKING} of them click, {LEAVING} unsubscribe with one click")
    letters = [stack.source(message) for message in stack.messages(subject)[:OPENING]]
    answers = {stack.visit(letter.pixel()) for letter in letters}
    clicked = {stack.visit(letter.link()) for letter in letters[:CLICKING]}
    left = {stack.visit(letter.one_click(), data=b"List-Unsubscribe=One-Click") for letter in letters[:LEAVING]}

    def report() -> dict[str, Any]:
        return stack.manage("campaign_report", "--account", slug, "--campaign", str(campaign))

    stack.wait_for("counting the events", lambda: _is_counted(report()))
    numbers = report()
    return [
        Check("pixels answered with 200", int(answers == {200}), 1),
        Check("links answered with 302", int(clicked == {302}), 1),
        Check("one-click answered with 200", int(left == {200}), 1),
        Check("people who opened", numbers["people"]["opened"], OPENING),
        Check("people who clicked", numbers["people"]["clicked"], CLICKING),
        Check("machines", numbers["machines"]["opened"] + numbers["machines"]["clicked"], 0),
        Check("unsubscribed", numbers["people"]["unsubscribed"], LEAVING),
        Check("delivered", numbers["delivered"], PEOPLE),
    ]


def _is_counted(numbers: dict[str, Any]) -> bool:
    return bool(
        numbers["people"]["opened"] >= OPENING
        and numbers["people"]["clicked"] >= CLICKING
        and numbers["people"]["unsubscribed"] >= LEAVING
    )
