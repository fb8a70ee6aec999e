from __future__ import annotations

from types import ModuleType

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path

from tests.ui.conftest import Person
from ui import navigation
from ui.navigation import (
    NavItem,
    Search,
    links,
    register,
    register_search,
    search_box,
    settings_of,
)

URLS = ModuleType("navigation_urls")
URLS.urlpatterns = [  # type: ignore[attr-defined]
    path(address, lambda _request: HttpResponse(), name=name)
    for address, name in [
        ("", "home"),
        ("patients/", "patients"),
        ("patients/import/", "import"),
        ("search/", "search"),
        ("settings/", "settings"),
        ("settings/letters/", "letters"),
        ("recalls/types/", "types"),
    ]
]


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(navigation, "_registry", navigation._Registry())
    with override_settings(ROOT_URLCONF=URLS):
        yield


def request_of(address: str, person: Person | None):
    request = RequestFactory().get(address)
    request.user = person
    return request


def labels(address: str = "/", person: Person | None = None, **options: str) -> list[str]:
    groups = links(request_of(address, person or Person()), **options)  # type: ignore[arg-type]
    return [link.label for _, group in groups for link in group]


def test_entries_stand_in_their_order_under_their_groups() -> None:
    register(NavItem("Import", "import", "upload", order=30, group="Data"))
    register(NavItem("Patients", "patients", "users", order=20))

    found = links(request_of("/", Person()))

    assert [(group, [link.label for link in entries]) for group, entries in found] == [
        ("", ["Patients"]),
        ("Data", ["Import"]),
    ]


def test_what_a_person_may_not_do_is_left_out() -> None:
    register(NavItem("Patients", "patients", "users", permission="patients.view"))

    assert labels(person=Person()) == []
    assert labels(person=Person(may=frozenset({"patients.view"}))) == ["Patients"]


def test_an_installed_check_decides() -> None:
    register(NavItem("Patients", "patients", "users", permission="patients.view"))
    navigation.use_permission_check(lambda _person, permission: permission == "patients.view")

    assert labels() == ["Patients"]


def test_a_stranger_sees_no_entries() -> None:
    register(NavItem("Patients", "patients", "users"))

    assert labels(person=Person(is_authenticated=False)) == []
    assert links(request_of("/", None)) == []


def test_an_entry_of_another_host_is_left_out() -> None:
    register(NavItem("Nowhere", "no-such-url", "x"))
    register(NavItem("Clinics", "home", "building", site="operators"))

    assert labels() == []
    assert labels(site="operators") == ["Clinics"]


@pytest.mark.parametrize(
    ("address", "active"),
    [
        ("/", "Home"),
        ("/patients/", "Patients"),
        ("/patients/7/", "Patients"),
        ("/patients/import/3/", "Import"),
        ("/elsewhere/", None),
    ],
)
def test_the_longest_matching_entry_is_active(address: str, active: str | None) -> None:
    for label, name in [("Home", "home"), ("Patients", "patients"), ("Import", "import")]:
        register(NavItem(label, name, "x"))

    groups = links(request_of(address, Person()))

    assert [link.label for _, group in groups for link in group if link.active] == (
        [active] if active else []
    )


def test_the_search_box_needs_its_permission() -> None:
    register_search(Search("search", "patients", permission="patients.view"))

    assert search_box(request_of("/", Person())) is None
    box = search_box(request_of("/", Person(may=frozenset({"patients.view"}))))
    assert box is not None
    assert (box.url, box.page_url) == ("/search/", "/patients/")


def test_the_search_of_patients_is_not_on_the_operators_host() -> None:
    register_search(Search("search", "patients"))

    assert search_box(request_of("/", Person()), site="operators") is None


def _settings() -> None:
    register(NavItem("All settings", "settings", "x", group="Settings", is_pinned=True, order=1))
    register(NavItem("Letters", "letters", "x", group="Settings", section="Records", about="Words"))
    register(NavItem("Recall types", "types", "x", "settings.change", group="Settings"))
    register(NavItem("Import", "import", "x", group="Settings", section="Data", is_pinned=True))


def test_settings_stand_on_their_own_page_and_the_menu_stays_short() -> None:
    _settings()
    owner = Person(may=frozenset({"settings.change"}))

    for address, active in (
        ("/settings/letters/", "All settings"),
        ("/recalls/types/", "All settings"),
        ("/patients/import/", "Import"),
        ("/", ""),
    ):
        [(group, found)] = links(request_of(address, owner))
        assert (group, [link.label for link in found]) == ("Settings", ["All settings", "Import"])
        assert [link.label for link in found if link.active] == ([active] if active else []), (
            address
        )


def test_the_page_of_settings_is_built_of_what_is_registered_and_permitted() -> None:
    _settings()
    owner = Person(may=frozenset({"settings.change"}))

    def shown(person: Person) -> list[tuple[str, list[str]]]:
        found = settings_of(request_of("/settings/", person))
        return [(heading.label, [entry.label for entry in entries]) for heading, entries in found]

    assert shown(owner) == [
        ("Records", ["Letters"]),
        ("Data", ["Import"]),
        ("Other", ["Recall types"]),
    ]
    assert shown(Person()) == [("Records", ["Letters"]), ("Data", ["Import"])]


def test_where_the_menu_has_all_settings_already_there_is_no_page_of_them() -> None:
    register(NavItem("All settings", "settings", "x", group="Settings", is_pinned=True))
    register(NavItem("Import", "import", "x", group="Settings", is_pinned=True))

    assert labels() == ["Import"]
