"""Versions of what a variant says: every save is one, nothing that was written is lost, and any can come back.

The newest version that was not kept beside is what the variant has. Saves of one person while writing replace each
other for a while; a save that began from something older than what is there is kept beside, for a person to choose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Max, Q, QuerySet

from accounts.models import User
from campaigns import queries
from campaigns.models import Campaign, ContentVersion, Variant
from campaigns.services.holding import hold_draft
from emailconcert.lib.errors import ExpectedError

Why = ContentVersion.Why
REPLACED_WITHIN = timedelta(minutes=10)


class NoOwnContent(ExpectedError):
    """The variant was removed, or says what the first one says."""

    def __init__(self) -> None:
        super().__init__(
            "This variant has no content of its own any more. Copy what you wrote, and see what it says under Variants."
        )


class NoSuchVersion(ExpectedError):
    """The version was one of the oldest and is no longer kept."""

    def __init__(self) -> None:
        super().__init__("This version is no longer kept. Choose another one.")


@dataclass(frozen=True)
class Written:
    """What somebody wrote: the source as it was typed, how it is written, and an own text part (empty: none)."""

    kind: str
    source: str
    text: str = ""


@dataclass(frozen=True)
class Origin:
    """Who saves and from where: `page` names one opened editor, `revision` what it had loaded (None: whatever is there)."""

    author: User | None = None
    page: str = ""
    revision: int | None = None
    is_autosave: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a save: the variant's revision now; `beside` where it was kept beside what somebody else saved."""

    revision: int
    beside: ContentVersion | None = None


def save_content(
    *, campaign: Campaign, written: Written, origin: Origin, now: datetime, name: str = Variant.FIRST
) -> Outcome:
    """Keep what was written as the newest version, or beside it where somebody else saved meanwhile.

    `name` is the variant's. Raises `NotADraft`, `NoOwnContent`.
    """
    variant = _hold(campaign, name, now)
    current = _newest(variant)
    is_same_page = bool(origin.page) and current is not None and current.page == origin.page
    if origin.revision is not None and origin.revision != variant.revision and not is_same_page:
        if _content(variant) == written:
            return Outcome(variant.revision)
        return Outcome(variant.revision, beside=_keep_beside(variant, written, origin, now))
    why = Why.AUTOSAVED if origin.is_autosave else Why.SAVED
    if written.kind != variant.kind and variant.source.strip():
        why = Why.CHANGED
    return Outcome(_put(variant, written, origin, why, now))


def restore_version(
    *, campaign: Campaign, number: int, author: User | None, now: datetime, name: str = Variant.FIRST
) -> Outcome:
    """Make an earlier version (or one kept beside) the newest; subject and preheader stay as they are.

    Raises `NotADraft`, `NoOwnContent` and `NoSuchVersion`.
    """
    variant = _hold(campaign, name, now)
    wanted = ContentVersion.objects.filter(variant=variant, number=number).first()
    if wanted is None:
        raise NoSuchVersion
    written = Written(wanted.kind, wanted.source, wanted.text)
    return Outcome(_put(variant, written, Origin(author), Why.RESTORED, now))


def take_content(*, variant: Variant, taken: Variant, author: User | None, now: datetime) -> None:
    """Make what another variant says the newest version of this one, whatever it says now; the draft is held."""
    if _newest(variant) is not None or variant.has_own_content:
        _put(variant, _content(taken), Origin(author), Why.RESTORED, now)


def note_envelope(*, campaign: Campaign, author: User | None, now: datetime, name: str = Variant.FIRST) -> None:
    """Make a version of a changed subject and preheader, so that those come back to sight as well."""
    for variant in Variant.objects.filter(campaign=campaign, name=name):
        newest = _newest(variant)
        said = (variant.subject, variant.preheader)
        if newest is None or (newest.subject, newest.preheader) != said:
            _append(variant, _content(variant), Origin(author, newest.page if newest else ""), Why.SAVED, now)


def newest_version(variant: Variant) -> ContentVersion | None:
    """Return the version that the variant has, with its author."""
    return _newest(variant)


def changed_since(there: Sequence[Variant], moment: datetime) -> bool:
    """Tell whether what one of these variants says was saved after a moment."""
    saved = ContentVersion.objects.filter(variant__in=there, saved_at__gt=moment)
    return saved.exclude(why=Why.BESIDE).exists()


def _hold(campaign: Campaign, name: str, now: datetime) -> Variant:
    hold_draft(campaign, now)
    variant = queries.variant(campaign, name)
    if variant is None or not variant.says_its_own:
        raise NoOwnContent
    return variant


def _content(variant: Variant) -> Written:
    return Written(variant.kind, variant.source, variant.text)


def _newest(variant: Variant) -> ContentVersion | None:
    kept = ContentVersion.objects.filter(variant=variant).exclude(why=Why.BESIDE)
    return kept.select_related("author").order_by("-number").first()


def _put(variant: Variant, written: Written, origin: Origin, why: str, now: datetime) -> int:
    """Write it down as the variant's content and its newest version; return the revision."""
    newest = _newest(variant)
    if newest is None and variant.source.strip():
        newest = _append(variant, _content(variant), Origin(), Why.SAVED, now)
    if newest is not None and _content(variant) == written and why != Why.RESTORED:
        if why == Why.SAVED and newest.why == Why.AUTOSAVED:
            ContentVersion.objects.filter(pk=newest.pk).update(why=why, author=origin.author, saved_at=now)
        return variant.revision
    _who_say_it(variant).update(kind=written.kind, source=written.source, text=written.text, revision=F("revision") + 1)
    if newest is not None and why in (Why.AUTOSAVED, Why.SAVED) and _may_replace(newest, origin, now):
        ContentVersion.objects.filter(pk=newest.pk).update(**_columns(variant, written, origin, why, now))
    else:
        _append(variant, written, origin, why, now)
    return variant.revision + 1


def _who_say_it(variant: Variant) -> QuerySet[Variant]:
    """Return the variant, and where it is the first those that say what it says."""
    those = Q(pk=variant.pk)
    if variant.name == Variant.FIRST:
        those |= Q(campaign_id=variant.campaign_id, has_own_content=False)
    return Variant.objects.filter(those)


def _may_replace(newest: ContentVersion, origin: Origin, now: datetime) -> bool:
    """Tell whether a save takes the place of the last one: one author's, while writing, not long ago."""
    is_own = newest.author_id == (origin.author.pk if origin.author else None)
    is_written_in_one_go = newest.why == Why.AUTOSAVED and newest.page == origin.page
    return is_own and is_written_in_one_go and now - newest.begun_at < REPLACED_WITHIN


def _keep_beside(variant: Variant, written: Written, origin: Origin, now: datetime) -> ContentVersion:
    """Keep what was not let in; a page that goes on trying replaces its own."""
    mine = ContentVersion.objects.filter(variant=variant, why=Why.BESIDE, page=origin.page).exclude(page="")
    last = mine.order_by("-number").first()
    if last is None:
        return _append(variant, written, origin, Why.BESIDE, now)
    ContentVersion.objects.filter(pk=last.pk).update(**_columns(variant, written, origin, Why.BESIDE, now))
    return last


def _columns(variant: Variant, written: Written, origin: Origin, why: str, now: datetime) -> dict[str, object]:
    return {
        "kind": written.kind,
        "source": written.source,
        "text": written.text,
        "subject": variant.subject,
        "preheader": variant.preheader,
        "why": why,
        "author": origin.author,
        "page": origin.page,
        "saved_at": now,
    }


def _append(variant: Variant, written: Written, origin: Origin, why: str, now: datetime) -> ContentVersion:
    versions = ContentVersion.objects.filter(variant=variant)
    last = versions.aggregate(last=Max("number"))["last"] or 0
    columns = _columns(variant, written, origin, why, now)
    made = ContentVersion.objects.create(variant=variant, number=last + 1, begun_at=now, **columns)
    versions.filter(number__lte=made.number - settings.CONTENT_VERSIONS).delete()
    return made
