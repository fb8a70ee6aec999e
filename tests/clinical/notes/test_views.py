"""The pages about notes, asked as people ask them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.notes.models import Note
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

JSON = {"accept": "application/json"}


@pytest.fixture
def ada(alpha, patient):
    with tenant_scope(alpha):
        return patient("Ada North")


def _begin(client, clinic, patient) -> Note:
    answer = client.post(f"/patients/{patient.pk}/notes/new/", {"structure": "blank"})
    assert answer.status_code == 302
    with tenant_scope(clinic):
        return Note.objects.get(patient=patient, state="draft")


def _written(revision: int, text: str, **more) -> dict:
    return {"revision": revision, "title": "", "heading": [""], "text": [text], **more}


def test_a_note_is_begun_saved_signed_and_amended(alpha, sign_in, ada):
    clinician = sign_in(alpha, "clinician")
    note = _begin(clinician, alpha, ada)

    saved = clinician.post(f"/notes/{note.pk}/edit/", _written(0, "Knee"), headers=JSON)
    assert (saved.status_code, saved.json()["revision"]) == (200, 1)
    signed = clinician.post(f"/notes/{note.pk}/sign/", _written(1, "Knee better"))
    assert signed.headers["Location"] == f"/notes/{note.pk}/"
    amended = clinician.post(
        f"/notes/{note.pk}/amend/", _written(2, "Hip better", reason="Wrong joint")
    )
    assert amended.status_code == 302

    page = clinician.get(f"/notes/{note.pk}/").text
    assert "<del>Knee</del><ins>Hip</ins>" in page
    assert "Wrong joint" in page
    assert "Hip better" in clinician.get(f"/patients/{ada.pk}/notes/").text


def test_saving_over_another_window_says_what_is_saved_there(alpha, sign_in, ada):
    clinician = sign_in(alpha, "clinician")
    note = _begin(clinician, alpha, ada)
    clinician.post(f"/notes/{note.pk}/edit/", _written(0, "First"), headers=JSON)

    refused = clinician.post(f"/notes/{note.pk}/edit/", _written(0, "Second"), headers=JSON)
    page = clinician.post(f"/notes/{note.pk}/sign/", _written(0, "Second"))

    assert refused.status_code == 409
    assert (refused.json()["revision"], refused.json()["body"]) == (1, "First")
    assert page.status_code == 409
    assert "First" in page.text
    assert "Second" in page.text


def test_a_signed_note_tells_the_page_that_saves_by_itself(alpha, sign_in, ada):
    clinician = sign_in(alpha, "clinician")
    note = _begin(clinician, alpha, ada)
    clinician.post(f"/notes/{note.pk}/sign/", _written(0, "Done"))

    late = clinician.post(f"/notes/{note.pk}/edit/", _written(0, "Done too"), headers=JSON)

    assert late.status_code == 423
    assert "Amend" in late.json()["detail"]


def test_a_colleague_does_not_see_a_draft(alpha, sign_in, ada):
    note = _begin(sign_in(alpha, "clinician"), alpha, ada)
    colleague = sign_in(alpha, "clinician", email="bea@alpha.example")

    assert colleague.get(f"/notes/{note.pk}/").status_code == 404
    assert colleague.post(f"/notes/{note.pk}/discard/").status_code == 404
    assert str(note.pk) not in colleague.get(f"/patients/{ada.pk}/notes/").text


@pytest.mark.parametrize("role", ["reception", "billing", "coordinator"])
def test_others_are_refused_and_have_no_tab(alpha, sign_in, ada, role):
    client = sign_in(alpha, role)

    assert client.get(f"/patients/{ada.pk}/notes/").status_code == 403
    assert client.post(f"/patients/{ada.pk}/notes/new/").status_code == 403
    assert f"/patients/{ada.pk}/notes/" not in client.get(f"/patients/{ada.pk}/").text
    with tenant_scope(alpha):
        assert not Note.objects.exists()


def test_the_list_comes_in_pages_under_a_steady_number_of_queries(alpha, sign_in, ada):
    clinician = sign_in(alpha, "clinician")
    now = timezone.now()

    def _count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert clinician.get(f"/patients/{ada.pk}/notes/").status_code == 200
        return len(captured)

    with tenant_scope(alpha):
        Note.objects.create(patient=ada, body="x", noted_at=now, state="signed")
    _count()  # the reminders of a record are worked out once a minute
    alone = _count()
    with tenant_scope(alpha):
        for number in range(40):
            Note.objects.create(
                patient=ada, title=f"Note {number:02}", noted_at=now, state="signed"
            )

    assert _count() == alone
    first = clinician.get(f"/patients/{ada.pk}/notes/")
    older = clinician.get(f"/patients/{ada.pk}/notes/?after={first.context['page'].after}")
    assert len(first.context["page"].notes) == 30
    assert len(older.context["page"].notes) == 11


def test_reading_a_note_is_put_on_record(alpha, sign_in, ada):
    from audit.models import Event

    with tenant_scope(alpha):
        note = Note.objects.create(patient=ada, body="x", noted_at=timezone.now(), state="signed")

    sign_in(alpha, "clinician").get(f"/notes/{note.pk}/")

    with tenant_scope(alpha):
        read = Event.objects.get(action="view", object_type="notes_note")
        assert (read.object_id, read.subject_id) == (str(note.pk), str(ada.pk))
