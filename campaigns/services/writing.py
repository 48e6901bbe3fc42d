"""What the editor does beside saving: another way of writing, and a text part of one's own."""

from dataclasses import replace
from datetime import datetime

from campaigns import queries
from campaigns.models import Campaign, Variant
from campaigns.services import previewing, versions
from campaigns.services.versions import Origin, Outcome, Written
from delivery.content.converting import convert
from delivery.services import compiling


def change_way(
    *, campaign: Campaign, written: Written, to: str, origin: Origin, now: datetime, name: str = Variant.FIRST
) -> Outcome:
    """Save, then turn it into another way of writing; what was there stays a version.

    `name` is the variant's. Raises what `versions.save_content` does, and `CannotCompile` where it can't be read to be turned.
    """
    source = convert(written.source, was=written.kind, to=to)
    saved = versions.save_content(campaign=campaign, written=written, origin=origin, now=now, name=name)
    if saved.beside is not None:
        return saved
    turned = replace(written, kind=to, source=source)
    origin = replace(origin, revision=None)
    return versions.save_content(campaign=campaign, written=turned, origin=origin, now=now, name=name)


def begin_own_text(
    *, campaign: Campaign, written: Written, origin: Origin, now: datetime, name: str = Variant.FIRST
) -> Outcome:
    """Save with a text part of its own, which begins as what would have been made. Raises as `change_way`."""
    content = previewing.content_of(queries.variant(campaign, name) or queries.only_variant(campaign))
    content = replace(content, kind=written.kind, source=written.source)
    own = replace(written, text=compiling.made_text(account=campaign.account, content=content))
    return versions.save_content(campaign=campaign, written=own, origin=origin, now=now, name=name)


def drop_own_text(
    *, campaign: Campaign, written: Written, origin: Origin, now: datetime, name: str = Variant.FIRST
) -> Outcome:
    """Save without a text part of its own, so that it is made from the mail again. Raises as `versions.save_content`."""
    without = replace(written, text="")
    return versions.save_content(campaign=campaign, written=without, origin=origin, now=now, name=name)
