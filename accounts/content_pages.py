"""The tabs of Content. Apps above add theirs in `AppConfig.ready`."""

from django.urls import reverse

_pages: dict[str, tuple[int, str]] = {}


def register(label: str, url_name: str, order: int) -> None:
    """Add a tab, for example ("Media", "accounts:media", 20)."""
    _pages[url_name] = (order, label)


def tabs() -> list[tuple[str, str]]:
    """Return (label, address) of the tabs."""
    return [(label, reverse(url_name)) for url_name, (_, label) in sorted(_pages.items(), key=lambda page: page[1])]
