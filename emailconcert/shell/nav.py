"""The places of the side bar, the profile menu and the account switcher; apps register theirs in `AppConfig.ready`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

Site = Literal["owner", "dpo"]
Method = Literal["get", "post"]

MAX_OWNER_PLACES = 7


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the side bar or of the profile menu."""

    label: str
    url_name: str
    icon: str
    order: int
    match: tuple[str, ...]
    site: Site = "owner"
    method: Method = "get"
    visible: Callable[[HttpRequest], bool] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A place as one page shows it."""

    label: str
    url: str
    icon: str
    is_current: bool
    method: Method


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """One account in the switcher; choosing it posts `account=value` to `post_url`."""

    name: str
    post_url: str
    value: str
    is_current: bool


SwitcherProvider = Callable[[HttpRequest], Sequence[AccountChoice]]

_places: dict[tuple[str, str], Place] = {}
_profile: dict[str, Place] = {}
_links: dict[str, str] = {}
_switcher: list[SwitcherProvider] = []


def register(
    label: str,
    url_name: str,
    icon: str,
    order: int,
    match: Sequence[str],
    *,
    site: Site = "owner",
    visible: Callable[[HttpRequest], bool] | None = None,
) -> None:
    """Add a place to the side bar of `site`.

    `match` lists what makes the entry the current one: URL namespaces ("contacts"), view names ("contacts:import")
    or path prefixes ("/admin/privacy/"); a view's name comes before the others. Registering a `url_name` again replaces it.
    """
    _places[(site, url_name)] = Place(label, url_name, icon, order, tuple(match), site, "get", visible)


def register_profile(
    label: str,
    url_name: str,
    icon: str,
    order: int,
    *,
    method: Method = "get",
    visible: Callable[[HttpRequest], bool] | None = None,
) -> None:
    """Add an entry to the profile menu; `method="post"` makes it a button (sign out)."""
    _profile[url_name] = Place(label, url_name, icon, order, (url_name,), "owner", method, visible)


def set_search(url_name: str) -> None:
    """Name the page that answers `?q=`; the search box appears once there is one."""
    _links["search"] = url_name


def set_help(url_name: str) -> None:
    """Name the help page at the bottom of the side bar."""
    _links["help"] = url_name


def set_switcher(provider: SwitcherProvider) -> None:
    """Say which accounts the person of a request may switch to."""
    _switcher[:] = [provider]


def places() -> list[Place]:
    """Every registered place, in order, for the system check."""
    return sorted([*_places.values(), *_profile.values()], key=lambda place: (place.site, place.order))


def links() -> dict[str, str]:
    """Return the names of the search and help pages that exist."""
    return dict(_links)


def side_bar(request: HttpRequest, *, site: Site = "owner") -> list[Item]:
    """Return the side bar as `request` sees it."""
    return _items(request, [place for place in _places.values() if place.site == site])


def profile_menu(request: HttpRequest) -> list[Item]:
    """Return the profile menu as `request` sees it."""
    return _items(request, list(_profile.values()))


def accounts(request: HttpRequest) -> Sequence[AccountChoice]:
    """Return the accounts that the person may switch to, the current one among them."""
    return _switcher[0](request) if _switcher else ()


def link(key: Literal["search", "help"]) -> str:
    """Return the address of the search or help page, or an empty string."""
    return _reverse(_links[key]) if key in _links else ""


def _items(request: HttpRequest, candidates: list[Place]) -> list[Item]:
    shown = sorted(
        (place for place in candidates if place.visible is None or place.visible(request)),
        key=lambda place: place.order,
    )
    near = {place.url_name: _nearness(request, place) for place in shown}
    nearest = max(near.values(), default=0) or 1
    return [
        Item(place.label, url, place.icon, near[place.url_name] == nearest, place.method)
        for place in shown
        if (url := _reverse(place.url_name))
    ]


def _reverse(url_name: str) -> str:
    """Reverse `url_name`; a place without a page is reported by the system check and left out here."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _nearness(request: HttpRequest, place: Place) -> int:
    """Return how near a place is to what is shown: 2 by the view's name, 1 by path or namespace, 0 not at all."""
    resolved = request.resolver_match
    if resolved and resolved.view_name in place.match:
        return 2
    within = set(resolved.namespaces) if resolved else set()
    return int(any(request.path.startswith(rule) if rule.startswith("/") else rule in within for rule in place.match))
