"""The tabs of an account's settings. Apps above add theirs in `AppConfig.ready`."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from accounts.access import has_role
from accounts.models import Role


@dataclass(frozen=True)
class SettingsPage:
    """One tab, for members with `role` or a higher one."""

    label: str
    url_name: str
    order: int
    role: Role


_pages: dict[str, SettingsPage] = {}


def register(label: str, url_name: str, order: int, *, role: Role = Role.ADMIN) -> None:
    """Add a settings page, for example ("Sending domains", "delivery:domains", 40)."""
    _pages[url_name] = SettingsPage(label, url_name, order, role)


def tabs_for(request: HttpRequest) -> list[tuple[str, str]]:
    """Return (label, address) of the settings pages that this member may open."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return []
    pages = sorted(_pages.values(), key=lambda page: page.order)
    return [(page.label, reverse(page.url_name)) for page in pages if has_role(membership, page.role)]
