"""Which campaigns and templates show a picture of the media library."""

from collections.abc import Iterator

from django.urls import reverse

from accounts.services.media.uses import Use
from campaigns.models import ContentVersion, Template, Variant


def uses_of_pictures(account_id: int, digest: str) -> Iterator[Use]:
    """Return the campaigns and templates that name a picture's file; what is deleted, or was said before, may yet come back."""
    named: set[int] = set()
    variants = Variant.objects.filter(account_id=account_id, source__contains=digest).order_by("-campaign_id")
    for pk, name, deleted_at in variants.values_list(
        "campaign_id", "campaign__name", "campaign__deleted_at"
    ).distinct():
        named.add(pk)
        what = "the deleted campaign" if deleted_at else "the campaign"
        yield Use(f"{what} “{name}”", reverse("campaigns:detail", args=[pk]))
    earlier = ContentVersion.objects.filter(account_id=account_id, source__contains=digest)
    earlier = earlier.exclude(variant__campaign_id__in=named).order_by("-variant__campaign_id")
    for pk, name in earlier.values_list("variant__campaign_id", "variant__campaign__name").distinct():
        yield Use(f"an earlier version of the campaign “{name}”", reverse("campaigns:detail", args=[pk]))
    templates = Template.objects.filter(account_id=account_id, source__contains=digest).order_by("-pk")
    for pk, name, deleted_at in templates.values_list("pk", "name", "deleted_at"):
        what = "the deleted template" if deleted_at else "the template"
        yield Use(f"{what} “{name}”", reverse("templates:detail", args=[pk]))
