"""Which forms show a picture of the media library."""

from collections.abc import Iterator

from django.urls import reverse

from accounts.services.media.uses import Use
from contacts.services.hosted import form_logos


def uses_of_pictures(account_id: int, digest: str) -> Iterator[Use]:
    """Return the forms whose logo a picture is."""
    for form in form_logos.forms_with(account_id=account_id, digest=digest):
        yield Use(f"the form “{form.name}”", reverse("contacts:form-edit", args=[form.pk]))
