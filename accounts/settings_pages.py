"""The tabs of an account's settings and of one's own profile. Apps above add theirs in `AppConfig.ready`."""

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
    words: str


_pages: dict[str, SettingsPage] = {}
_own: dict[str, SettingsPage] = {}


def register(label: str, url_name: str, order: int, *, role: Role = Role.ADMIN, words: str = "") -> None:
    """Add a settings page, for example ("Sending domains", "delivery:domains", 40); `words` is what one finds it by."""
    _pages[url_name] = SettingsPage(label, url_name, order, role, words)


def register_own(label: str, url_name: str, order: int, *, words: str = "") -> None:
    """Add a page of one's own login profile."""
    _own[url_name] = SettingsPage(label, url_name, order, Role.VIEWER, words)


def own_tabs() -> list[tuple[str, str]]:
    """Return (label, address) of the pages of one's own login profile."""
    return [(page.label, reverse(page.url_name)) for page in _own_pages()]


def _own_pages() -> list[SettingsPage]:
    return sorted(_own.values(), key=lambda page: page.order)


def tabs_for(request: HttpRequest) -> list[tuple[str, str]]:
    """Return (label, address) of the settings pages that this member may open."""
    return [(page.label, reverse(page.url_name)) for page in _open_to(request)]


def find(request: HttpRequest, *, text: str) -> list[tuple[str, str]]:
    """Return (label, address) of the settings pages that this member may open and that this text is about."""
    wanted = text.casefold().split()
    found = []
    for page in (*_open_to(request), *_own_pages()):
        known = f"settings {page.label} {page.words}".casefold().split()
        if wanted and all(any(word.startswith(part) for word in known) for part in wanted):
            found.append((page.label, reverse(page.url_name)))
    return found


def _open_to(request: HttpRequest) -> list[SettingsPage]:
    membership = getattr(request, "membership", None)
    if membership is None:
        return []
    pages = sorted(_pages.values(), key=lambda page: page.order)
    return [page for page in pages if has_role(membership, page.role)]
