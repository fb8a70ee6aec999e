"""The pages about letters, asked as people ask them."""

from __future__ import annotations

import pytest

from clinical.contacts.models import Contact, PatientContact
from clinical.letters.models import Letter, LetterTemplate
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])


@pytest.fixture
def ada(alpha, patient):
    with tenant_scope(alpha):
        return patient("Ada North")


def _typed(letter: Letter, **changes) -> dict:
    fields = {"revision": letter.revision, "recipient": letter.recipient, "subject": "Knee"}
    return {**fields, "letter_date": "2026-11-21", "body": "Better.", **changes}


def test_a_letter_is_written_made_final_printed_and_sent(alpha, sign_in, ada):
    clinician = sign_in(alpha, "clinician")
    with tenant_scope(alpha):
        contact = Contact.objects.create(name="Dr Vale", organisation="Harbour")
        PatientContact.objects.create(patient=ada, contact=contact, kind="gp")
    clinician.post("/settings/letters/standard/")
    with tenant_scope(alpha):
        template = LetterTemplate.objects.get(name="Report to the referrer")

    chooser = clinician.get(f"/patients/{ada.pk}/letters/new/").text
    begun = clinician.post(
        f"/patients/{ada.pk}/letters/new/", {"template": template.pk, "contact": contact.pk}
    )
    editor = clinician.get(begun.headers["Location"]).text
    with tenant_scope(alpha):
        letter = Letter.objects.get()
    refused = clinician.post(
        f"/letters/{letter.pk}/finalise/", _typed(letter, body="{{last_visit}}")
    )
    final = clinician.post(f"/letters/{letter.pk}/finalise/", _typed(letter))
    pdf = clinician.get(f"/letters/{letter.pk}/pdf/")
    clinician.post(f"/letters/{letter.pk}/sent/")

    assert str(contact.pk) in chooser
    assert "day of the last visit" in editor
    assert "Thank you for referring Ada North" in editor
    assert (refused.status_code, final.status_code) == (422, 302)
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["Content-Disposition"] == 'inline; filename="letter-2026-11-21.pdf"'
    with tenant_scope(alpha):
        assert Letter.objects.get().state == "sent"


def test_reception_reads_and_prints_but_does_not_write(alpha, sign_in, ada):
    with tenant_scope(alpha):
        letter = Letter.objects.create(patient=ada, subject="Report", body="x", state="final")
    reception = sign_in(alpha, "reception")

    assert "Report" in reception.get(f"/patients/{ada.pk}/letters/").text
    assert reception.get(f"/letters/{letter.pk}/pdf/").status_code == 200
    assert reception.post(f"/patients/{ada.pk}/letters/new/").status_code == 403
    assert reception.post(f"/letters/{letter.pk}/copy/").status_code == 403


def test_printing_a_letter_is_put_on_record(alpha, sign_in, ada):
    from audit.models import Event

    with tenant_scope(alpha):
        letter = Letter.objects.create(patient=ada, body="x", state="final")

    sign_in(alpha, "clinician").get(f"/letters/{letter.pk}/pdf/")

    with tenant_scope(alpha):
        assert Event.objects.get(action="export").subject_id == str(ada.pk)


def test_a_template_with_an_unknown_field_is_kept_and_the_field_named(alpha, sign_in):
    clinician = sign_in(alpha, "clinician")

    answer = clinician.post(
        "/settings/letters/new/", {"name": "Report", "body": "{{patient.wish}}"}, follow=True
    )

    assert "{{patient.wish}} is no field" in answer.text


def test_an_earlier_text_of_a_template_is_put_into_the_form(alpha, sign_in):
    clinician = sign_in(alpha, "clinician")
    clinician.post("/settings/letters/new/", {"name": "Report", "body": "Text one"})
    with tenant_scope(alpha):
        template = LetterTemplate.objects.get()
    url = f"/settings/letters/{template.pk}/"
    clinician.post(url, {"name": "Report", "body": "Text two", "seen": 1, "is_active": "on"})

    assert clinician.get(url + "?version=1").context["form"]["body"].value() == "Text one"
    assert clinician.post(url, {"name": "Report", "body": "Late", "seen": 1}).status_code == 422
