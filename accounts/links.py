"""Links for mails: whole addresses on the members' host."""

from django.conf import settings
from django.urls import reverse


def absolute(name: str, *args: object) -> str:
    """Return the whole address of a page of the members' host."""
    path = reverse(name, urlconf=settings.ROOT_URLCONF, args=args)
    return f"{settings.SITE_URL}{path}"
