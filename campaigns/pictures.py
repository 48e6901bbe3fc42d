"""Which campaigns show a picture of the media library."""

from collections.abc import Iterator

from django.urls import reverse

from accounts.services.media.uses import Use
from campaigns.models import Variant


def uses_of_pictures(account_id: int, digest: str) -> Iterator[Use]:
    """Return the campaigns whose content names a picture's file; a deleted draft may yet come back."""
    variants = Variant.objects.filter(account_id=account_id, source__contains=digest).order_by("-campaign_id")
    for pk, name, deleted_at in variants.values_list(
        "campaign_id", "campaign__name", "campaign__deleted_at"
    ).distinct():
        what = "the deleted campaign" if deleted_at else "the campaign"
        yield Use(f"{what} “{name}”", reverse("campaigns:detail", args=[pk]))
