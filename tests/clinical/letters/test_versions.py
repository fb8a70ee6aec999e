"""Final letters stay as they are; a correction is a letter of its own."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, InternalError, OperationalError, transaction
from django.utils import timezone

from clinical.contacts.models import Contact
from clinical.letters import services
from clinical.letters.models import Letter, LetterCopy

pytestmark = pytest.mark.django_db(databases=["default"])

NOW = timezone.now()
REFUSED = (IntegrityError, InternalError, OperationalError)


@pytest.fixture
def clinician(in_alpha, person):
    return person("clinician")


@pytest.fixture
def final(clinician, patient):
    letter = Letter.objects.create(patient=patient(), subject="Knee", body="Better")
    contact = Contact.objects.create(name="Dr Vale", organisation="Harbour")
    services.add_copy(letter, contact, actor=clinician)
    services.add_copy(letter, contact, actor=clinician)
    Letter.objects.update(state="final", finalised_at=NOW)
    letter.refresh_from_db()
    return letter


def test_the_database_keeps_a_final_letter_and_who_gets_it(final, clinician):
    for change in ({"body": "Worse"}, {"state": "draft"}, {"letter_date": NOW}, {"version": 9}):
        with pytest.raises(REFUSED), transaction.atomic():
            Letter.objects.update(**change)
    for verb in (
        lambda: LetterCopy.objects.create(letter=final, name="Somebody"),
        lambda: LetterCopy.objects.update(name="Somebody"),
        lambda: LetterCopy.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(REFUSED), transaction.atomic():
            verb()
    with pytest.raises(services.LetterFinalError):
        services.add_copy(final, Contact.objects.get(), actor=clinician)
    services.mark_sent(final, actor=clinician, at=NOW)
    assert (Letter.objects.get().state, LetterCopy.objects.get().name) == (
        "sent",
        "Dr Vale, Harbour",
    )


def test_an_imported_letter_can_be_brought_in_again(in_alpha, patient):
    Letter.objects.create(patient=patient(), body="As it came", state="final")
    Letter.objects.update(body="As it came later")
    assert Letter.objects.get().is_imported
    with pytest.raises(REFUSED), transaction.atomic():
        Letter.objects.update(is_imported=False)


def test_a_correction_is_the_next_version_and_there_is_one(final, clinician):
    draft = services.correct_letter(final, actor=clinician, at=NOW)
    again = services.correct_letter(final, actor=clinician, at=NOW)

    assert (draft, draft.version, draft.replaces) == (again, 2, final)
    assert [copy.name for copy in draft.copies.all()] == ["Dr Vale, Harbour"]
    Letter.objects.filter(pk=draft.pk).update(state="final", finalised_at=NOW)
    with pytest.raises(services.CorrectedLetterError):
        services.correct_letter(final, actor=clinician, at=NOW)
    other = Letter.objects.create(patient=final.patient, body="x")
    with pytest.raises(services.UnfinishedLetterError):
        services.correct_letter(other, actor=clinician, at=NOW)
