"""Finding somebody in the address book."""

from __future__ import annotations

import pytest

from clinical.contacts.models import Contact
from clinical.contacts.selectors import list_contacts

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def book(in_alpha):
    return [
        Contact.objects.create(
            title="Dr",
            given_names="Zoë",
            family_name="O'Brien",
            organisation="Harbour Medical",
            kind="gp",
            phone="(02) 5550 0199",
            mobile="+61 400 111 222",
            provider_number="123456AB",
            email="zoe@harbour.example",
        ),
        Contact.objects.create(name="Plan Partners", kind="plan_manager", phone="1300 000 111"),
        Contact.objects.create(name="Gone Away", kind="other", is_active=False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "obrien",
        "O'BRIEN zo",
        "harbour",
        "5550 01",
        "0400 111"[1:],
        "123456ab",
        "zoe@har",
        "61400111",
    ],
)
def test_a_contact_is_found_by(book, text):
    assert list(list_contacts(text).contacts) == [book[0]]


def test_archived_contacts_are_found_only_when_asked_for(book):
    assert list_contacts().total == 2
    assert list(list_contacts("gone", with_archived=True).contacts) == [book[2]]


def test_a_kind_narrows_the_list(book):
    assert list(list_contacts(kind="plan_manager").contacts) == [book[1]]


def test_the_book_comes_in_pages(in_alpha):
    for number in range(5):
        Contact.objects.create(name=f"Contact {number}")

    first = list_contacts(size=3)
    rest = list_contacts(size=3, after=first.after)

    names = [contact.name for page in (first, rest) for contact in page.contacts]
    assert names == [f"Contact {number}" for number in range(5)]
    assert rest.after is None
