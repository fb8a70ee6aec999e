"""Writing letters and keeping their templates."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from clinical.contacts.models import Contact
from clinical.letters import services
from clinical.letters.models import Letter, LetterTemplate
from clinical.letters.printing import letter_pdf

pytestmark = pytest.mark.django_db(databases=["default"])

NOW = timezone.now()


@pytest.fixture
def clinician(in_alpha, person):
    return person("clinician")


@pytest.fixture
def start(clinician, patient):
    def make(**choices) -> Letter:
        ada = patient("Ada North")
        return services.start_letter(ada, actor=clinician, at=NOW, practice="Alpha", **choices)

    return make


def _fields(**changes) -> dict:
    plain = {"recipient": "Dr Vale", "subject": "Knee", "body": "Better.", "practitioner": None}
    return {**plain, "letter_date": date(2026, 11, 21), "location": None, **changes}


def _finalise(letter, actor, **changes):
    return services.finalise_letter(
        letter,
        actor=actor,
        at=NOW,
        practice="Alpha",
        revision=letter.revision,
        fields=_fields(**changes),
    )


def test_a_letter_starts_addressed_and_filled_in(start, clinician):
    template = services.add_template(
        actor=clinician,
        name="Report",
        subject="{{patient.full_name}}",
        body="Dear {{recipient.name}}",
    )
    contact = Contact.objects.create(
        title="Dr", family_name="Vale", organisation="Harbour", address="1 Main St\nSydney"
    )

    letter = start(template=template, contact=contact)

    assert letter.recipient == "Dr Vale\nHarbour\n1 Main St\nSydney"
    assert (letter.subject, letter.body) == ("Ada North", "Dear Dr Vale")


def test_a_letter_with_fields_left_is_not_final(start, clinician):
    letter = start()

    with pytest.raises(services.UnfinishedLetterError, match=r"\{\{patient\.ndis\}\}"):
        _finalise(letter, clinician, body="Number {{patient.ndis}}")

    letter.refresh_from_db()
    assert letter.state == "draft"


def test_a_final_letter_is_not_changed_but_copied(start, clinician):
    letter = _finalise(start(), clinician)

    with pytest.raises(services.LetterFinalError):
        _finalise(letter, clinician, body="Other")
    with pytest.raises(services.LetterFinalError):
        services.discard_letter(letter, actor=clinician)
    copied = services.copy_letter(letter, actor=clinician, at=NOW)

    assert (copied.state, copied.body) == ("draft", "Better.")
    assert services.mark_sent(letter, actor=clinician, at=NOW).state == "sent"


def test_the_second_of_two_writers_is_told(start, clinician):
    letter = start()
    other = Letter.objects.get(pk=letter.pk)
    keep = {"actor": clinician, "at": NOW, "practice": "Alpha", "revision": 0}
    services.save_letter(letter, fields=_fields(body="First"), **keep)

    with pytest.raises(services.LetterChangedError, match="another window"):
        services.save_letter(other, fields=_fields(body="Second"), **keep)

    assert Letter.objects.get().body == "First"


def test_reception_writes_no_letters(in_alpha, person, patient):
    with pytest.raises(PermissionDenied):
        services.start_letter(patient(), actor=person("reception"), at=NOW, practice="Alpha")


def test_a_letter_becomes_a_pdf_whatever_it_says(start, clinician, in_alpha):
    letter = start()
    hostile = '#panic("ran")\n$x$ *bold* @ref <label> \\ ] } " \u202e\n\n' + "long " * 3000
    letter.body = letter.subject = letter.recipient = hostile

    assert letter_pdf(letter, clinic=in_alpha).startswith(b"%PDF-")


def test_changing_a_template_keeps_the_text_before(clinician):
    template = services.add_template(actor=clinician, name="Report", subject="", body="One")
    change = {"actor": clinician, "at": NOW, "seen": 1, "name": "Report", "subject": ""}

    services.change_template(template, body="Two", is_active=True, **change)
    with pytest.raises(services.TemplateChangedError):
        services.change_template(
            LetterTemplate.objects.get(), body="Three", is_active=True, **change
        )

    assert [(v.number, v.body) for v in template.versions.all()] == [(2, "Two"), (1, "One")]


def test_the_standard_templates_are_added_once(clinician):
    assert services.add_standard_templates(actor=clinician) == len(services.STANDARD)
    assert services.add_standard_templates(actor=clinician) == 0
