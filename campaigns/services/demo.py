"""The demo account: a small bakery with people, a form, a campaign that was sent and a draft.

Everything goes through the same services as in earnest. What the outside world would have answered (the mail server,
readers) is drawn from a fixed seed, so that every demo looks the same.
"""

import random
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from accounts.models import Account, User
from accounts.services import auditing, operating, second_factor
from campaigns import demo_data as data
from campaigns import queries
from campaigns.models import Campaign
from campaigns.services import drafting, following, sending
from contacts.hosted import blueprint
from contacts.models import Contact, List, Segment
from contacts.services import people
from contacts.services.fields import field_keeping
from contacts.services.hosted import form_keeping
from contacts.services.lists import organising, subscribing
from contacts.services.segments import segmenting
from delivery.models import Mailing, Message, Outcome, Reason, Sender
from delivery.services import claiming, senders, settling
from delivery.services.outcomes import Verdict
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope, platform_scope, user_scope
from privacy.services import desk, intake
from tracking.models import Inbox, Kind
from tracking.services import emptying, partitions

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SENT_BEFORE = timedelta(days=3)


class NoDemo(ExpectedError):
    """The demo account is only for trying the product on one's own machine."""


def load(*, now: datetime) -> tuple[User, User]:
    """Make the demo account unless it is there; return its owner and the demo DPO. Raises `NoDemo`."""
    if not settings.DEMO or urlsplit(settings.SITE_URL).hostname not in LOOPBACK:
        raise NoDemo("The demo account exists only on this machine: set DEMO=yes and a SITE_URL on localhost.")
    with transaction.atomic():
        owner = User.objects.filter(email=data.OWNER["email"]).first() or _make_account(now)
        officer = User.objects.filter(email=data.OFFICER["email"]).first()
        if officer is None:
            officer = _make_officer(now)
            _ask_officer(officer, owner, now)
    return owner, officer


def _ask_officer(officer: User, owner: User, now: datetime) -> None:
    """Put two requests into the queue: one waits for the account's owner, one for its person."""
    actor = auditing.actor_for(officer, network="")
    with user_scope(owner.pk):
        account = owner.memberships.get().account
    with account_scope(account):
        one, other = Contact.objects.exclude(first_name="").order_by("pk")[:2]
    for person, asked, days in ((one, "erase", 9), (other, "access", 2)):
        wanted = intake.Wanted(
            type=asked, full_name=str(person), email=person.email, business_name=account.name, regime="eu"
        )
        received = now - timedelta(days=days)
        request = desk.enter(wanted=wanted, channel="letter", received_at=received, actor=actor, now=now)
        if person is one:
            desk.verify_by_hand(pk=request.pk, note="The signature is the one on file.", actor=actor, now=now)


def _make_officer(now: datetime) -> User:
    made = operating.make_person(
        email=data.OFFICER["email"],
        name=data.OFFICER["name"],
        role=User.PlatformRole.DPO,
        password=data.OFFICER["password"],
        now=now,
    )
    second_factor.enrol_seed(user=made.user, seed=data.OFFICER_SEED, now=now)
    return made.user


def _make_account(now: datetime) -> User:
    made = operating.create_account(
        owner_email=data.OWNER["email"],
        owner_name=data.OWNER["name"],
        password=data.OWNER["password"],
        quota=None,
        now=now,
        **data.BUSINESS,
    )
    Account.objects.filter(pk=made.account.pk).update(is_demo=True)
    with account_scope(made.account):
        sender = senders.add_sender(
            account=made.account,
            actor=auditing.SYSTEM,
            now=now,
            proved=frozenset({data.SENDER["email"]}),
            **data.SENDER,
        )
        bread, evenings = _make_people(made.account, now)
        draft = blueprint.from_json({**data.FORM, "lists": [bread.pk]})
        form = form_keeping.create_form(
            account=made.account, name=data.FORM_NAME, slug=data.FORM_SLUG, draft=draft, now=now
        )
        form_keeping.publish(form=form, draft=draft, now=now)
        segmenting.save_segment(
            segment=Segment(account=made.account), name=data.SEGMENT, definition=data.SEGMENT_TREE, now=now
        )
        _send_one(_write(made.account, sender, bread, data.SENT, now), now)
        _write(made.account, sender, evenings, data.DRAFT, now)
    return made.owner


def _make_people(account: Account, now: datetime) -> list[List]:
    luck = random.Random(1)  # noqa: S311  # the same demo every time, no secret
    lists = [
        organising.create_list(account_id=account.pk, name=name, description=words, now=now)
        for name, words in data.LISTS
    ]
    for field in data.FIELDS:
        field_keeping.add_field(account_id=account.pk, draft=field_keeping.Draft(**field), now=now)
    regular = organising.create_tag(account_id=account.pk, name=data.TAG, now=now)
    for number in range(data.PEOPLE):
        first, last = data.FIRST_NAMES[number % 30], data.LAST_NAMES[(number * 7) % 15]
        folded = unicodedata.normalize("NFKD", f"{first}.{last}".lower())
        plain = "".join(each for each in folded if each.isascii() and (each.isalpha() or each == "."))
        joined = now - timedelta(days=luck.randint(4, 300), minutes=luck.randint(0, 1400))
        person = people.add_contact(
            account_id=account.pk,
            email=f"{plain}{number}@{data.DOMAINS[number % 4]}",
            first_name=first if number % 9 else "",
            last_name=last if number % 9 else "",
            country="IE",
            values={"favourite_bread": data.BREADS[number * 5 % 4], "loaves_a_week": number % 3 + 1}
            if number % 4
            else {},
            source=Contact.Source.DEMO,
            now=joined,
        )
        if number % 5 == 0:
            organising.tag_contacts(contacts=[person], tag=regular, now=joined)
        for place, share in zip(lists, (0.85, 0.35), strict=True):
            if luck.random() < share:
                subscribing.subscribe(contact=person, list=place, source=Contact.Source.DEMO, now=joined)
    return lists


def _write(account: Account, sender: Sender, place: List, words: dict[str, str], now: datetime) -> Campaign:
    draft = drafting.create_campaign(account=account, name=words["name"], created_by=None, now=now)
    drafting.set_audience(campaign=draft, lists=[place], now=now)
    drafting.set_envelope(
        campaign=draft, sender=sender, reply_to="", subject=words["subject"], preheader=words["preheader"], now=now
    )
    drafting.save_content(campaign=draft, kind="markdown", source=words["source"], now=now)
    return draft


def _send_one(campaign: Campaign, now: datetime) -> None:
    then = now - SENT_BEFORE
    sending.send_campaign(campaign=campaign, now=then, actor=auditing.SYSTEM)
    sending.start_mailings(campaign_id=campaign.pk, now=then)
    mailing = sending.mailings_of(campaign)[0]
    luck = random.Random(2)  # noqa: S311  # the same demo every time, no secret
    # Batches may go from the moment they were made in the database's clock, which is a little after `now`.
    soon = now + timedelta(minutes=1)
    while claim := claiming.claim_batch(account_id=campaign.account_id, mailing_id=mailing.pk, now=soon):
        verdicts = {person.sequence: _verdict(luck) for person in claim.people}
        report = settling.Report(claim.account_id, claim.batch_id, claim.journal_name, verdicts)
        settling.settle(report, now=then + timedelta(seconds=14))
        claim.journal.remove()
    _happen(mailing, then, luck)
    _let_somebody_go(mailing, then)
    while emptying.empty_inbox(now=now):
        pass
    following.follow(campaign=queries.campaigns_of(campaign.account).get(pk=campaign.pk), now=then)


def _verdict(luck: random.Random) -> Verdict:
    if luck.random() < 0.04:
        return Verdict(Outcome.FAILED, Reason.MAILBOX_FULL, 552, (5, 2, 2))
    return Verdict(Outcome.SENT, code=250)


def _happen(mailing: Mailing, then: datetime, luck: random.Random) -> None:
    """Let readers and machines do what they do, into the inbox where the edge puts it."""
    found: list[Inbox] = []
    partitions.make_partitions(now=then)
    sent = Message.objects.filter(mailing_id=mailing.pk, outcome=Outcome.SENT).order_by("sequence")
    for sequence in sent.values_list("sequence", flat=True):
        reader = _Reader(mailing.pk, sequence)
        agent, opened = luck.choice(data.AGENTS), then + timedelta(minutes=luck.expovariate(1 / 190) + 1)
        if luck.random() < 0.3:
            found.append(reader.open(then + timedelta(seconds=40), data.PROXY))
        if luck.random() < 0.08:
            found += [reader.click(then + timedelta(seconds=30), data.GATEWAY, link) for link in (1, 2, 3)]
        if luck.random() < 0.52:
            found.append(reader.open(opened, agent))
            if luck.random() < 0.38:
                clicked = opened + timedelta(seconds=luck.randint(8, 90))
                found.append(reader.click(clicked, agent, luck.choice((1, 1, 2, 3))))
    _put(found)


def _put(events: list[Inbox]) -> None:
    with platform_scope("campaigns: load the demo"):
        Inbox.objects.bulk_create(events)


@dataclass(frozen=True)
class _Reader:
    """Whose requests are made up."""

    mailing_id: int
    sequence: int

    def open(self, at: datetime, agent: str) -> Inbox:
        return self._event(Kind.OPEN, at, agent, None)

    def click(self, at: datetime, agent: str, link: int) -> Inbox:
        return self._event(Kind.CLICK, at, agent, link)

    def unsubscribe(self, at: datetime) -> Inbox:
        return self._event(Kind.UNSUBSCRIBE, at, data.AGENTS[0], None)

    def _event(self, kind: Kind, at: datetime, agent: str, link: int | None) -> Inbox:
        return Inbox(
            kind=kind,
            mailing_id=self.mailing_id,
            sequence=self.sequence,
            link=link,
            at=at,
            agent=agent,
            network="",
            method="GET",
        )


def _let_somebody_go(mailing: Mailing, then: datetime) -> None:
    leaving = Message.objects.filter(mailing_id=mailing.pk, outcome=Outcome.SENT).order_by("-sequence")[:1]
    for message in leaving:
        if message.contact_id:
            subscribing.unsubscribe(
                account_id=mailing.account_id,
                contact_id=message.contact_id,
                list_ids=mailing.list_ids,
                reason="Too many mails",
                now=then + timedelta(hours=5),
            )
            _put([_Reader(mailing.pk, message.sequence).unsubscribe(then + timedelta(hours=5))])
