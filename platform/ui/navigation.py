"""What stands in the navigation: each app registers its own entries from its `AppConfig.ready`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from django.conf import settings
from django.urls import NoReverseMatch, get_urlconf, reverse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from django.http import HttpRequest

    from ui.figures import Rows

Site = Literal["clinic", "operators"]
Place = Literal["main", "user"]
WORK_LISTS = "Work lists"
"""The group of pages that list what waits for somebody."""
SETTINGS = "Settings"
"""The group whose entries stand on a page of their own, by `section`; the menu has the pinned ones."""
SETTINGS_PAGE = "settings"
"""The name of that page's URL, on the hosts that have it."""


class Heading(NamedTuple):
    """One section of the page of settings."""

    label: str
    icon: str


SECTIONS = (
    Heading("Practice", "building-hospital"),
    Heading("Team", "users-group"),
    Heading("Diary", "calendar"),
    Heading("Records", "clipboard-text"),
    Heading("Messages", "message"),
    Heading("Money", "receipt-dollar"),
    Heading("Integrations", "plug-connected"),
    Heading("Data", "database"),
    Heading("Other", "settings"),
)


@dataclass(frozen=True)
class NavItem:
    """One entry. An entry whose URL this host does not have, or that is not permitted, is left out.

    `permission` is handed to the check that `use_permission_check` installed; "" is for everyone
    who is signed in. `place` is the side bar or the menu under the person's name.
    """

    label: str
    url_name: str
    icon: str
    permission: str = ""
    order: int = 100
    group: str = ""
    site: Site = "clinic"
    place: Place = "main"
    hotkey: str = ""
    counts: Rows | None = None
    """The rows whose number stands beside the label: counted on every page, with all such figures."""
    section: str = ""
    """Of the group SETTINGS: under which of SECTIONS it stands; "" is under the last."""
    about: str = ""
    """What it is for, in a line; the page of settings shows it, and finds the entry by its words."""
    is_pinned: bool = False
    """Of the group SETTINGS: it stands in the menu too."""
    args: tuple[str, ...] = ()
    """What the URL takes."""


@dataclass(frozen=True)
class Search:
    """The search box of the top bar.

    It posts `q` to `url_name` while the person types and shows the answer, made with
    `ui/search_results.html`; Enter without a choice posts to `page_url_name`. It posts because
    names must not stand in addresses, which proxies log.
    """

    url_name: str
    page_url_name: str
    label: str = "Search patients"
    placeholder: str = "Name, phone, date of birth or number"
    permission: str = ""
    site: Site = "clinic"


@dataclass(frozen=True)
class NavLink:
    """An entry as the page shows it."""

    label: str
    url: str
    icon: str
    active: bool
    hotkey: str
    count: int = 0


@dataclass(frozen=True)
class Setting:
    """An entry on the page of settings."""

    label: str
    url: str
    icon: str
    about: str


@dataclass(frozen=True)
class SearchBox:
    """The search box as the page shows it."""

    url: str
    page_url: str
    label: str
    placeholder: str


@dataclass
class _Registry:
    items: dict[tuple[str, str, str, tuple[str, ...]], NavItem] = field(default_factory=dict)
    search: Search | None = None
    sign_out: str = "logout"
    may: Callable[[Any, str], bool] | None = None


_registry = _Registry()


def register(item: NavItem) -> None:
    """Add an entry; the same site, place and URL again replaces it."""
    _registry.items[item.site, item.place, item.url_name, item.args] = item


def register_search(search: Search) -> None:
    """Say where the search box of the top bar sends what is typed."""
    _registry.search = search


def register_sign_out(url_name: str) -> None:
    """Name the URL that signs out by POST."""
    _registry.sign_out = url_name


def use_permission_check(may: Callable[[Any, str], bool]) -> None:
    """Install the check of NavItem.permission: `may(user, permission)`."""
    _registry.may = may


def is_permitted(user: Any, permission: str) -> bool:
    """Answer whether the person may use an entry; "" is for everyone who is signed in."""
    if not permission:
        return True
    if _registry.may is not None:
        return _registry.may(user, permission)
    return bool(user.has_perm(permission))


def _url(name: str, args: tuple[str, ...] = ()) -> str | None:
    return _url_in(get_urlconf() or settings.ROOT_URLCONF, name, args)


@lru_cache(maxsize=2048)
def _url_in(urlconf: str, name: str, args: tuple[str, ...]) -> str | None:
    """Answer an address of one kind of host: they never change, and a page asks for a hundred."""
    try:
        return reverse(name, urlconf=urlconf, args=args)
    except NoReverseMatch:
        return None


def counted_entries(request: HttpRequest, *, site: Site = "clinic") -> dict[str, Rows]:
    """Answer what stands with a figure in the person's side bar, by the names of the URLs."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {item.url_name: item.counts for item, _ in _permitted(user, site, "main") if item.counts}


def links(
    request: HttpRequest,
    *,
    site: Site = "clinic",
    place: Place = "main",
    figures: Mapping[str, int] | None = None,
) -> list[tuple[str, list[NavLink]]]:
    """Answer the permitted entries by group; the one with the longest matching path is active.

    `figures` stand beside their labels, by the names of the URLs.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    shown = _permitted(user, site, place)
    active = _active_url(request.path, (url for _, url in shown))
    page = _url(SETTINGS_PAGE) if any(item.url_name == SETTINGS_PAGE for item, _ in shown) else None
    if page is not None:
        kept = [pair for pair in shown if pair[0].group != SETTINGS or pair[0].is_pinned]
        if active and active not in {url for _, url in kept}:
            active = page
        # Where all there is stands in the menu, a page of it is one too many.
        shown = kept if len(kept) < len(shown) else [p for p in kept if p[1] != page]
    groups: dict[str, list[NavLink]] = {}
    for item, url in shown:
        count = (figures or {}).get(item.url_name, 0)
        link = NavLink(item.label, url, item.icon, url == active, item.hotkey, count)
        groups.setdefault(item.group, []).append(link)
    return list(groups.items())


def settings_of(request: HttpRequest) -> list[tuple[Heading, list[Setting]]]:
    """Answer what the person may set, section by section; those without an entry are left out."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    known = {heading.label for heading in SECTIONS}
    found: dict[str, list[Setting]] = {}
    for item, url in _permitted(user, "clinic", "main"):
        if item.group == SETTINGS and item.url_name != SETTINGS_PAGE:
            section = item.section if item.section in known else SECTIONS[-1].label
            setting = Setting(item.label, url, item.icon, item.about)
            found.setdefault(section, []).append(setting)
    return [(heading, found[heading.label]) for heading in SECTIONS if heading.label in found]


def _permitted(user: Any, site: Site, place: Place) -> list[tuple[NavItem, str]]:
    return [
        (item, url)
        for item in sorted(_registry.items.values(), key=lambda item: (item.order, item.label))
        if item.site == site and item.place == place
        if (url := _url(item.url_name, item.args)) is not None
        and is_permitted(user, item.permission)
    ]


def _active_url(path: str, urls: Iterable[str]) -> str:
    matching = [
        url
        for url in urls
        if path == url or (url != "/" and path.startswith(f"{url.rstrip('/')}/"))
    ]
    return max(matching, key=len, default="")


def search_box(request: HttpRequest, *, site: Site = "clinic") -> SearchBox | None:
    """Answer the search box, when there is one on this host for this person."""
    search, user = _registry.search, getattr(request, "user", None)
    if search is None or search.site != site or user is None or not user.is_authenticated:
        return None
    url, page_url = _url(search.url_name), _url(search.page_url_name)
    if url is None or page_url is None or not is_permitted(user, search.permission):
        return None
    return SearchBox(url, page_url, search.label, search.placeholder)


def sign_out_url() -> str | None:
    """Answer where signing out posts to, if this host has it."""
    return _url(_registry.sign_out)
