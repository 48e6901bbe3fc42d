"""Send a campaign from the shell."""

import sys
import time
from argparse import ArgumentParser
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Account
from accounts.services.auditing import SYSTEM
from campaigns import tasks
from campaigns.models import Campaign
from campaigns.numbers import numbers_of
from campaigns.services import drafting, following, sending
from contacts.models import List, Segment
from delivery.models import Sender
from delivery.services import senders
from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

_FROM_HELP = (
    'A sender of the account, "Name <address>"; a new one is added and verified on your word. Otherwise the first.'
)


class Command(BaseCommand):
    """Sends a draft there is, or makes one first. Workers do the sending; `--wait` stays until they are done."""

    help = (
        "Send a campaign: --campaign ID, or a new one from --name, --subject, --list or --segment, --exclude, --from and --markdown or --html. "
        "Exit code 1: it could not be sent, or with --wait its numbers do not add up."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--account", required=True, metavar="SLUG")
        parser.add_argument("--campaign", type=int, metavar="ID", help="A draft that is there.")
        parser.add_argument("--name", help="The new campaign's name; otherwise its subject.")
        parser.add_argument("--subject")
        parser.add_argument("--preheader", default="")
        parser.add_argument("--list", action="append", default=[], metavar="NAME", help="May be given more than once.")
        parser.add_argument(
            "--segment", action="append", default=[], metavar="NAME", help="May be given more than once."
        )
        parser.add_argument(
            "--exclude",
            action="append",
            default=[],
            metavar="NAME",
            help="A list or segment whose people are left out.",
        )
        parser.add_argument("--from", dest="sender", metavar="ADDRESS", help=_FROM_HELP)
        parser.add_argument("--markdown", type=Path, metavar="FILE")
        parser.add_argument("--html", type=Path, metavar="FILE")
        parser.add_argument("--wait", action="store_true", help="Stay until everything is settled.")
        parser.add_argument("--json", action="store_true", help="Print the numbers as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send it."""
        account = Account.objects.filter(slug=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account “{options['account']}”.")
        try:
            with account_scope(account):
                campaign = _find(options) if options["campaign"] else _make(account, options)
                sending.send_campaign(campaign=campaign, now=timezone.now(), actor=SYSTEM)
                tasks.wake_after_commit(account_id=account.pk, campaign_id=campaign.pk)
        except (ExpectedError, OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from None
        state = _wait(account, campaign) if options["wait"] else campaign.state
        self._print(account, campaign, state, as_json=options["json"], waited=options["wait"])

    def _print(self, account: Account, campaign: Campaign, state: str, *, as_json: bool, waited: bool) -> None:
        with account_scope(account):
            numbers = numbers_of([campaign.pk])[campaign.pk]
        names = ("audience", "queued", "sending", "sent", "failed", "skipped", "unconfirmed")
        facts = {"campaign": campaign.pk, "state": str(state), **{name: getattr(numbers, name) for name in names}}
        facts["excluded"] = numbers.excluded
        if as_json:
            self.stdout.write(orjson.dumps(facts).decode())
        else:
            self.stdout.write(", ".join(f"{name} {value}" for name, value in facts.items()))
        if waited and (not numbers.adds_up or state == Campaign.State.DRAFT):
            sys.exit(1)


def _find(options: dict[str, Any]) -> Campaign:
    campaign = Campaign.objects.filter(pk=options["campaign"], deleted_at=None).first()
    if campaign is None:
        raise CommandError(f"There is no campaign {options['campaign']} in this account.")
    return campaign


def _make(account: Account, options: dict[str, Any]) -> Campaign:
    path = options["markdown"] or options["html"]
    if not path or not options["subject"] or not (options["list"] or options["segment"]):
        raise CommandError("Give --campaign, or --subject, --list or --segment, --from and --markdown or --html.")
    now = timezone.now()
    audience = _audience(options)
    sender = _sender(account, options["sender"])
    name = options["name"] or options["subject"]
    campaign = drafting.create_campaign(account=account, name=name[:120], created_by=None, now=now)
    drafting.set_audience(campaign=campaign, **audience, now=now)
    drafting.set_envelope(
        campaign=campaign,
        sender=sender,
        reply_to="",
        subject=options["subject"],
        preheader=options["preheader"],
        now=now,
    )
    kind = "markdown" if options["markdown"] else "html"
    drafting.save_content(campaign=campaign, kind=kind, source=path.read_text(), now=now)
    return campaign


def _audience(options: dict[str, Any]) -> dict[str, Any]:
    """Return the lists and segments that are meant. A name to be left out may be of a list, a segment or both."""
    found: dict[str, Any] = {
        "lists": list(List.objects.filter(name__in=options["list"])),
        "segments": list(Segment.objects.filter(name__in=options["segment"])),
        "without_lists": list(List.objects.filter(name__in=options["exclude"])),
        "without_segments": list(Segment.objects.filter(name__in=options["exclude"])),
    }
    names = {key: {each.name for each in rows} for key, rows in found.items()}
    for option, known, what in (
        ("list", names["lists"], "list"),
        ("segment", names["segments"], "segment"),
        ("exclude", names["without_lists"] | names["without_segments"], "list or segment"),
    ):
        if missing := set(options[option]) - known:
            raise CommandError(f"There is no {what} “{min(missing)}”.")
    return found


def _sender(account: Account, written: str | None) -> Sender | None:
    """Return the sender that is meant; who may run commands here may also vouch for an address."""
    if not written:
        return Sender.objects.order_by("pk").first()
    name, address = parseaddr(written)
    address = addresses.normalise(address)
    return Sender.objects.filter(email=address).first() or senders.add_sender(
        account=account,
        name=name or account.name,
        email=address,
        actor=SYSTEM,
        now=timezone.now(),
        proved=frozenset({address}),
    )


def _wait(account: Account, campaign: Campaign) -> str:
    while True:
        with account_scope(account):
            campaign.refresh_from_db()
            following.follow(campaign=campaign, now=timezone.now())
        if campaign.state not in sending.UNDER_WAY or campaign.state == Campaign.State.PAUSED:
            return campaign.state
        time.sleep(0.5)
