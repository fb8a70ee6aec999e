"""Fields of letters: known names become text, once; nothing of what people wrote is run."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clinical.contacts.models import Contact
from clinical.letters.merge_fields import FIELDS, LetterFacts, Merged, merge
from clinical.letters.standard import STANDARD

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def facts(in_alpha, patient):
    ada = patient(
        "Ada North", date_of_birth=date(1980, 5, 1), phone="0400 111 222", medicare="2123 45670 1"
    )
    contact = Contact(title="Dr", given_names="Zoë", family_name="Vale", organisation="Harbour")
    return LetterFacts(
        patient=ada,
        practice="Alpha",
        today=date(2026, 11, 21),
        contact=contact,
        last_visit=datetime(2026, 11, 2, 9, tzinfo=UTC),
    )


def test_known_fields_are_filled_in(facts):
    text = "{{patient.full_name}}, {{ patient.age }}, {{Patient.Date_Of_Birth}}, {{last_visit}}"

    assert merge(text, facts) == Merged("Ada North, 46 years, 1 May 1980, 2 November 2026")
    assert merge("Dear {{recipient.greeting}}", facts).text == "Dear Dr Vale"


def test_what_is_no_field_stays_and_is_named(facts):
    assert merge("{{patient.wish}} {{patient.ndis}}", facts) == Merged(
        "{{patient.wish}} {{patient.ndis}}", ("patient.wish",), ("patient.ndis",)
    )


@pytest.mark.parametrize(
    "text",
    [
        "{% load x %}{% now 'Y' %}",
        "{{ patient.delete }}",
        "{{ patient.__class__ }}",
        "{{patient|safe}}",
        "{0.__class__}",
        "%(x)s ${x}",
        "{{{{}}",
    ],
)
def test_no_template_engine_reads_what_people_wrote(facts, text):
    assert merge(text, facts).text == text


def test_what_a_field_puts_in_is_not_filled_in_again(facts):
    facts.patient.given_names = "{{patient.number}}"

    assert merge("{{patient.given_names}}", facts).text == "{{patient.number}}"


def test_every_field_answers_text_for_a_bare_patient(in_alpha, patient):
    bare = LetterFacts(patient=patient("Bo Low"), practice="Alpha", today=date(2026, 11, 21))

    assert all(isinstance(value(bare), str) for _, value in FIELDS.values())


def test_the_standard_templates_name_known_fields_only(facts):
    for _, subject, body in STANDARD:
        assert merge(subject + body, facts).unknown == ()
