"""Whether the mail can be filled for everybody who would get it."""

from collections.abc import Iterator
from dataclasses import replace

from django.urls import reverse

from campaigns.checks.check import Check, people
from campaigns.models import Rehearsal, RehearsalFailure, Variant

STEPS = {"subject": "campaigns:envelope", "preheader": "campaigns:envelope"}
_WHY = "Who it can't be filled for would get nothing. It is tried for each person, and nothing is sent."


def check_rehearsal(found: Rehearsal | None, first: RehearsalFailure | None) -> Iterator[Check]:
    """Say how the rehearsal stands; `first` is one that failed."""
    if found is None:
        return
    if found.failing:
        some = f"{people(found.failing)} of {found.tried:,}"
        yield replace(_leading(first, found.campaign_id), sentence=f"It can't be filled in for {some}.")
    if found.state in (Rehearsal.State.QUEUED, Rehearsal.State.RUNNING):
        far = f"{found.tried:,} of {found.total:,} so far"
        yield Check("waiting", f"It is being tried for everybody: {far}.", why=_WHY, live="rehearsal")
    elif found.state == Rehearsal.State.FAILED:
        said = "It could not be tried for everybody: that broke off. Open this page again in ten minutes."
        yield Check("blocking", said, "campaigns:content", why=_WHY)
    elif not found.total:
        yield Check("ok", "Nothing in it can fail for one person.")
    elif not found.failing:
        yield Check("ok", f"It was tried for {people(found.tried)}, and can be filled in for each.")


def _leading(first: RehearsalFailure | None, campaign_id: int) -> Check:
    """Return a check that leads to where the first failure is mended."""
    step = STEPS.get(first.part, "campaigns:content") if first else "campaigns:content"
    if first is None or first.variant in ("", Variant.FIRST):
        return Check("blocking", "", step, why=_WHY)
    page = reverse(step.replace("envelope", "variant"), args=[campaign_id, first.variant])
    return Check("blocking", "", page=page, button="Mend it", why=_WHY)
