"""Campaigns that try variants, for pages to be looked at."""

from datetime import time, timedelta

from django.utils import timezone

from accounts.services.auditing import SYSTEM
from campaigns.models import Campaign
from campaigns.services import drafting, sending, variants, versions
from campaigns.services.variants import Plan
from emailconcert.lib.tenancy import account_scope
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
