"""System checks: every place in the side bar has a page, and there are at most seven."""

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.urls import NoReverseMatch, reverse

from emailconcert.shell import nav


@register("shell")
def places_exist(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 (what Django gives a check)
    """Refuse a place whose page does not exist."""
    errors: list[CheckMessage] = []
    for url_name in [*(place.url_name for place in nav.places()), *nav.links().values()]:
        try:
            reverse(url_name)
        except NoReverseMatch:
            errors.append(Error(f"The shell links to {url_name!r}, which has no page.", id="shell.E001"))
    owner_places = [place for place in nav.places() if place.site == "owner" and place.match != (place.url_name,)]
    if len(owner_places) > nav.MAX_OWNER_PLACES:
        errors.append(Error("The side bar holds more than seven places.", id="shell.E002"))
    return errors
