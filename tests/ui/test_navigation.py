from __future__ import annotations

from types import ModuleType

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path

from tests.ui.conftest import Person
from ui import navigation
from ui.navigation import NavItem, Search, links, register, register_search, search_box

URLS = ModuleType("navigation_urls")
URLS.urlpatterns = [  # type: ignore[attr-defined]
    path(address, lambda _request: HttpResponse(), name=name)
    for address, name in [
        ("", "home"),
        ("patients/", "patients"),
        ("patients/import/", "import"),
        ("search/", "search"),
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
