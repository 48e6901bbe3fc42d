"""What is looked at in the content of a campaign's variants before it may be sent."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from django.urls import reverse

from campaigns import queries
from campaigns.checks import Check, links, mail
from campaigns.models import Campaign, Variant
from campaigns.services import link_asking, previewing
from delivery.content.problems import CannotCompile
from delivery.services import compiling


def check_contents(campaign: Campaign, there: Sequence[Variant], *, asks: bool, now: datetime) -> Iterator[Check]:
    """Look at what each variant says that has a content of its own; the checks name it where there are several."""
    account, mails = campaign.account, []
    if not account.postal_address.strip():
        said = "Every mail needs your postal address: add it under Settings, Business."
        yield Check("blocking", said, page=reverse("accounts:business"))
    own = [each for each in there if each.says_its_own]
    for variant in own:
        try:
            made = compiling.check_content(account=account, content=previewing.content_of(variant))
        except CannotCompile as error:
            for problem in error.problems:
                step = "campaigns:content" if problem.part == "body" else "campaigns:envelope"
                yield _of_variant(Check("blocking", str(problem), step), variant, own)
            continue
        mails.append(made)
        yield from (_of_variant(each, variant, own) for each in mail.check_mail(made))
    found = links.web_links(*mails)
    if asks and found.urls:
        link_asking.want(found.urls, now=now)
    yield from links.check_links(found, link_asking.answers(found.urls) if found.urls else {})


def check_links(campaign: Campaign) -> Check | None:
    """Say how far the links of all variants have been asked."""
    mails = []
    for variant in queries.alternatives(campaign):
        if variant.says_its_own:
            with suppress(CannotCompile):
                content = previewing.content_of(variant)
                mails.append(compiling.check_content(account=campaign.account, content=content))
    found = links.web_links(*mails)
    return next(links.check_links(found, link_asking.answers(found.urls)), None) if found.urls else None


def _of_variant(check: Check, variant: Variant, among: Sequence[Variant]) -> Check:
    """Return a check of what one variant says, which leads to that one."""
    if len(among) < 2:
        return check
    says = check.step == "campaigns:content"
    page = reverse("campaigns:content" if says else "campaigns:variant", args=[variant.campaign_id, variant.name])
    return replace(check, sentence=f"Variant {variant.name}: {check.sentence}", step="", page=page, button="Mend it")
