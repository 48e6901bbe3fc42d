"""Campaigns in every state, and the pages that show them."""

from datetime import time, timedelta

from django.db.models import F
from django.utils import timezone

from accounts.services.auditing import SYSTEM
from campaigns.feed_models import Feed, FeedRun
from campaigns.models import Campaign
from campaigns.services import archiving, drafting, feeding, sending, sharing, variants, versions
from campaigns.services.variants import Plan
from contacts.models import Form, List
from delivery.models import Batch, Message, Outcome, Reason
from emailconcert.lib.tenancy import account_scope
from tests.accounts.helpers import ACTOR
from tests.campaigns.test_variants import deliver, opened, tick

OTHER = "# Rolls, warm at seven\n\nTwelve kinds, and the first tray is yours.\n\n[Choose yours](https://example.com/rolls)\n"


def make_tested_draft(campaign, *, hours=()):
    """Return a copy of a campaign whose second variant has a subject and a content of its own; it is in scope."""
    copy, now = drafting.duplicate_campaign(campaign=campaign, created_by=None), timezone.now()
    drafting.rename_campaign(campaign=copy, name="Loaves or rolls", now=now)
    first = copy.variants.get()
    name = variants.add_variant(campaign=copy, now=now).name
    words = {"subject": "Rolls, warm at seven", "preheader": "Twelve kinds", "from_name": "Nora at the bakery"}
    variants.set_variant(campaign=copy, name=name, **words, clock=time(hours[1]) if hours else None, now=now)
    if hours:
        words = {"subject": first.subject, "preheader": first.preheader, "from_name": ""}
        variants.set_variant(campaign=copy, name=first.name, **words, clock=time(hours[0]), now=now)
    variants.begin_own_content(campaign=copy, name=name, author=None, now=now)
    written = versions.Written("markdown", OTHER)
    versions.save_content(campaign=copy, written=written, origin=versions.Origin(), name=name, now=now)
    variants.set_plan(campaign=copy, plan=Plan(50, "opens", 4, "first", rest_goes="clock"), now=now)
    return Campaign.objects.select_related("account").get(pk=copy.pk)


def make_testing(campaign):
    """Return a copy of a campaign whose sample has been sent and opened by some; call outside any scope."""
    left = timezone.now() - timedelta(hours=1)
    with account_scope(campaign.account_id):
        copy = make_tested_draft(campaign)
        sending.send_campaign(campaign=copy, now=left, actor=SYSTEM)
    tick(copy, left)
    deliver(copy, left)
    assert tick(copy, left) == "testing"
    opened(copy, A=9, B=14)
    return copy


def make_scheduled(draft):
    """Return a copy of a draft that goes in two days, on each person's own clock."""
    copy = drafting.duplicate_campaign(campaign=draft, created_by=None)
    day = timezone.now() + timedelta(days=2)
    Campaign.objects.filter(pk=copy.pk).update(
        state="scheduled", timing="local", day=day.date(), clock=time(9), zone="Europe/Dublin", due_at=day
    )
    return copy


def make_failing(draft):
    """Return a copy of a draft that can't be filled in for those whose first name has five letters."""
    copy = drafting.duplicate_campaign(campaign=draft, created_by=None)
    source = "{% assign n = contact.first_name | size | minus: 5 %}# Hello\n\nYour share: {{ 100 | divided_by: n }} percent\n"
    copy.variants.update(kind="markdown", source=source)
    return copy


def make_feed(account):
    """Return a feed that was read, with a run that failed."""
    now = timezone.now()
    plan = feeding.Plan(
        name="Our blog", url="https://harbour-bakery.example/blog/feed.xml", every="week", weekday=0, month_day=1,
        clock=time(9), zone="Europe/Dublin", most_items=3, only_if_new=True, by_itself=True,
    )  # fmt: skip
    feed = feeding.create_feed(account=account, plan=plan, begin_with=0, created_by=None, now=now)
    drafting.set_audience(campaign=feed.pattern, lists=[List.objects.order_by("pk").first()], now=now)
    items = [
        {
            "key": str(n),
            "title": title,
            "url": f"https://harbour-bakery.example/blog/{n}",
            "summary": "We have turned the oven down a little and left the dough to itself for longer. " * 4,
            "picture": "",
            "author": "Nora",
            "published": (now - timedelta(days=n)).isoformat(),
        }
        for n, title in enumerate(("Rye, slower", "A new oven", "Who bakes on Sundays"))
    ]
    Feed.objects.filter(pk=feed.pk).update(
        title="The Harbour Bakery’s blog", link="https://harbour-bakery.example/blog/", items=items, wanted_at=None,
        begun_at=now, looked_at=now, state="active", next_at=now + timedelta(days=3),
    )  # fmt: skip
    FeedRun.objects.create(
        feed=feed, due_at=now - timedelta(days=4), state="failed", ended_at=now - timedelta(days=4),
        problem="The feed could not be read: it answers 404 Not Found.",
    )  # fmt: skip
    return feed


def make_unsure(campaign):
    """Let nobody know what became of some of a sent campaign's messages; call inside its scope."""
    batch = Batch.objects.filter(mailing__variants__campaign=campaign, sent__gte=5).order_by("number").first()
    rows = Message.objects.filter(mailing_id=batch.mailing_id, sequence__range=(batch.first, batch.last))
    chosen = list(rows.filter(outcome=Outcome.SENT).order_by("sequence").values_list("sequence", flat=True)[:5])
    for number, sequence in enumerate(chosen):
        reason = Reason.WORKER_ENDED if number % 2 else Reason.CONNECTION_BROKE
        rows.filter(sequence=sequence).update(outcome=Outcome.UNCONFIRMED, reason=reason)
    Batch.objects.filter(pk=batch.pk).update(sent=F("sent") - 5, unconfirmed=F("unconfirmed") + 5)


def campaign_pages(owner):
    account = owner.last_account
    with account_scope(account):
        feed = make_feed(account)
        sent, draft = Campaign.objects.get(state="sent"), Campaign.objects.get(state="draft")
        waiting, failing = make_scheduled(draft), make_failing(draft)
        make_unsure(sent)
        archiving.keep(
            account=account,
            chosen=archiving.Choices(
                is_open=True, includes_new=True, is_indexed=False, intro="Bread, every Friday.", form=Form.objects.get()
            ),
            actor=ACTOR,
            now=timezone.now(),
        )
        archiving.include(campaign=sent, is_in=True, actor=ACTOR, now=timezone.now())
        shared = sharing.make(campaign=sent, days=7, user=owner, actor=ACTOR, now=timezone.now())
        archive = archiving.address(account)
    return {
        "archive-members": "/campaigns/archive/",
        "archive-settings": "/settings/archive/",
        "archive": archive,
        "archive-mail": f"{archive}{sent.pk}/",
        "report-links": f"/campaigns/{sent.pk}/report/links/",
        "report-shared": shared.url,
        "campaigns": "/campaigns/",
        "campaigns-none-found": "/campaigns/?q=nothing",
        "campaign-new": "/campaigns/new/",
        "campaign-draft": f"/campaigns/{draft.pk}/",
        "campaign-name": f"/campaigns/{draft.pk}/name/",
        "campaign-audience": f"/campaigns/{draft.pk}/audience/",
        "campaign-envelope": f"/campaigns/{draft.pk}/envelope/",
        "campaign-content": f"/campaigns/{draft.pk}/content/",
        "campaign-test": f"/campaigns/{draft.pk}/test/",
        "campaign-review": f"/campaigns/{draft.pk}/review/",
        "campaign-review-failing": f"/campaigns/{failing.pk}/review/",
        "campaign-follow-ups": f"/campaigns/{sent.pk}/follow-ups/",
        "campaign-when": f"/campaigns/{waiting.pk}/when/",
        "campaign-scheduled": f"/campaigns/{waiting.pk}/",
        "campaign-sent": f"/campaigns/{sent.pk}/",
        "report": f"/campaigns/{sent.pk}/report/",
        "reports": "/reports/",
        "calendar": "/campaigns/calendar/",
        "calendar-nothing": "/campaigns/calendar/?month=2001-01",
        "feeds": "/campaigns/feeds/",
        "feed": f"/campaigns/feeds/{feed.pk}/",
        "feed-new": "/campaigns/feeds/new/",
        "feed-delete": f"/campaigns/feeds/{feed.pk}/delete/",
        "search": "/search/?q=sour",
        "search-none-found": "/search/?q=nothing",
    }


def variant_pages(account):
    with account_scope(account):
        sent = Campaign.objects.get(state="sent")
        timed = make_tested_draft(sent, hours=(9, 17))
    going = make_testing(sent)
    return {
        "variants": f"/campaigns/{timed.pk}/variants/",
        "variant": f"/campaigns/{timed.pk}/variants/B/",
        "variants-review": f"/campaigns/{timed.pk}/review/?variant=B",
        "variants-testing": f"/campaigns/{going.pk}/",
        "variants-report": f"/campaigns/{going.pk}/report/",
    }
