"""Results from the file to the sign-off: whose they are, corrections, duplicates, who sees what."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from clinical.documents.models import Document
from clinical.documents.rules import visible_documents
from clinical.documents.selectors import unlinked
from clinical.pathology import selectors, services
from clinical.pathology.models import ResultMessage, ResultReport, ResultValue
from tenants.scope import act_as, current_scope, tenant_scope

pytestmark = pytest.mark.django_db(databases=["default"])
NOW = timezone.now()
PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\n%%EOF made up"


def oru(
    number: str = "M1", *, name: str = "North^Ada", born: str = "19800312", sex: str = "F",
    medicare: str = "", order: str = "F88", status: str = "F", value: str = "98", flag: str = "L",
    sent: str = "20261120103000", extra: str = "",
) -> bytes:  # fmt: skip
    lines = [
        rf"MSH|^~\&|LIS|Harbour Lab|||{sent}||ORU^R01|{number}|P|2.4",
        f"PID|1||{medicare}^^^^MC||{name}||{born}|{sex}",
        f"OBR|1||{order}|FBC^Full blood count|||20261119|||||||||||||||{sent}|||{status}",
        f"OBX|1|NM|HB^Haemoglobin||{value}|g/L|115-165|{flag}|||{status}",
    ]
    return "\r".join([*lines, *filter(None, [extra])]).encode()


@pytest.fixture
def clinician(in_alpha, person):
    return person("clinician")


@pytest.fixture
def ada(clinician, patient):
    return patient("Ada North", date_of_birth="1980-03-12", sex="female", medicare="2123456701")


def take(actor, content, name="results.hl7", at=NOW):
    return services.take_in(content, file_name=name, actor=actor, at=at)


def test_a_message_that_leaves_no_doubt_is_filed_with_its_evidence(clinician, ada):
    (outcome,) = take(clinician, oru(medicare="2123456701"))

    assert (outcome.what, outcome.message.patient) == ("matched", ada)
    assert outcome.message.evidence == [
        "same Medicare number",
        "born 12 Mar 1980",
        "same family name",
        "same given name",
        "same sex",
    ]
    (report,) = selectors.reports_of(clinician, ada)
    assert (report.name, report.is_abnormal, report.is_reviewed) == (
        "Full blood count",
        True,
        False,
    )
    (shown,) = selectors.values_of(report)
    assert (shown.value.text, shown.flag) == ("98", ("Low", "warning"))
    document = outcome.message.document
    assert (document.patient, document.state, document.category) == (ada, "stored", "Pathology")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"name": "North^Bea"}, "a sister"),
        ({"name": "North^Bea", "medicare": "2123456701"}, "a sister on the same card"),
        ({"born": "19800313"}, "another day of birth"),
        ({"born": "19800313", "medicare": "2123456701"}, "the card, but another day of birth"),
        ({"born": ""}, "no day of birth"),
        ({"sex": "M"}, "another sex"),
        ({"medicare": "3123456701"}, "another card"),
        ({"name": "Nord^Ada"}, "a like name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_weak_match_is_never_silent(clinician, ada, facts, why):
    (outcome,) = take(clinician, oru(**facts))

    assert (outcome.what, outcome.message.patient) == ("unmatched", None)
    assert not ResultReport.objects.exclude(patient=None).exists()


def test_two_people_who_fit_are_for_a_person_to_tell_apart(clinician, ada, patient):
    patient("Ada North", date_of_birth="1980-03-12", sex="female")

    (outcome,) = take(clinician, oru())

    assert outcome.what == "unmatched"
    assert len(selectors.suggestions_for(clinician, outcome.message)) == 2


def test_the_same_message_is_known_again_and_another_labs_number_is_another(clinician, ada):
    take(clinician, oru())
    (again,) = take(clinician, oru(value="1"))
    (other,) = take(clinician, oru().replace(b"Harbour", b"Bay"))

    assert (again.what, other.what) == ("duplicate", "matched")
    assert ResultMessage.objects.count() == 2


def test_a_correction_takes_the_place_of_what_was_sent_before(clinician, ada):
    take(clinician, oru("M1", status="P"))
    (first,) = ResultReport.objects.all()
    services.sign_off(first, actor=clinician, at=NOW)
    take(clinician, oru("M2", status="C", value="118", flag="N", sent="20261121103000"))
    take(clinician, oru("M0", status="P", value="90", sent="20261119103000"))  # comes late

    standing = [r for r in selectors.reports_of(clinician, ada) if r.replaced_by_id is None]
    assert [(r.status, r.is_reviewed, r.is_abnormal) for r in standing] == [("C", False, False)]
    assert ResultReport.objects.filter(replaced_by=standing[0]).count() == 2
    assert selectors.unreviewed(clinician) == standing


def test_what_cannot_be_read_is_kept_with_the_reason_and_nothing_half_done(clinician, ada):
    broken = oru("M3").replace(b"20261119", b"soon")
    outcomes = take(clinician, oru("M1") + b"\r" + broken + b"\r" + oru("M4", order="F9"))

    assert [outcome.what for outcome in outcomes] == ["matched", "quarantined", "matched"]
    assert "Segment 3 (OBR): field 7" in outcomes[1].words
    (kept,) = selectors.quarantined()
    assert (kept.problem, kept.document.state) == (outcomes[1].words, "stored")
    assert ResultReport.objects.count() == 2
    assert take(clinician, broken)[0].what == "quarantined"
    assert len(selectors.quarantined()) == 1
    services.settle_message(kept, actor=clinician, is_settled=True)
    assert selectors.quarantined() == []


def test_a_pdf_waits_for_its_patient_and_takes_its_files_along(clinician, ada):
    (outcome,) = take(clinician, PDF, "scan_of_report.pdf")
    assert (outcome.what, take(clinician, PDF, "again.pdf")[0].what) == ("unmatched", "duplicate")
    assert unlinked(clinician).total == 0  # it has a work list of its own

    services.assign_message(outcome.message, ada, actor=clinician, at=NOW)

    assert [r.name for r in selectors.reports_of(clinician, ada)] == ["scan of report"]
    assert Document.objects.get().patient == ada
    with pytest.raises(services.ResultError, match="in the meantime"):
        services.assign_message(outcome.message, ada, actor=clinician, at=NOW)
    services.take_back_message(outcome.message, actor=clinician)
    assert (selectors.unmatched(), Document.objects.get().patient) == ([outcome.message], None)


def test_an_enclosed_pdf_becomes_a_document_of_the_patient(clinician, ada):
    data = base64.b64encode(PDF).decode()
    line = f"OBX|2|ED|PDF^Report||L^application^pdf^Base64^{data}||||||F"
    take(clinician, oru(extra=line))

    value = ResultValue.objects.get(kind="ED")
    assert (value.document.patient, value.document.media_type) == (ada, "application/pdf")


def test_an_enclosed_program_is_not_kept_but_the_report_is(clinician, ada):
    data = base64.b64encode(b"MZ\x90\x00" + b"\0" * 200).decode()
    line = f"OBX|2|ED|PDF^Report||L^application^exe^Base64^{data}||||||F"
    (outcome,) = take(clinician, oru(extra=line))

    value = ResultValue.objects.get(kind="ED")
    assert (outcome.what, value.document) == ("matched", None)
    assert "not kept" in value.text


def test_the_value_before_stands_beside_the_new_one(clinician, ada):
    take(clinician, oru("M1", order="F1", value="101").replace(b"20261119", b"20260901"))
    take(clinician, oru("M2", order="F2", value="98"))

    newest, _older = selectors.reports_of(clinician, ada)
    (shown,) = selectors.values_of(newest)
    assert shown.before.text == "101"


def test_reception_files_and_sees_no_values_not_even_by_sql(clinician, ada, person):
    reception = person("reception")
    act_as(replace(current_scope().actor, id=str(reception.pk), label="r"))
    (outcome,) = take(reception, oru())
    (other,) = take(reception, oru("M2", name="Who^Ever"))
    services.assign_message(other.message, ada, actor=reception, at=NOW)

    assert outcome.what == "matched"
    assert ResultValue.objects.count() == 0
    assert not visible_documents(reception).exists()
    assert selectors.unreviewed(reception) == []
    with pytest.raises(PermissionDenied):
        services.sign_off(ResultReport.objects.first(), actor=reception, at=NOW)

    act_as(replace(current_scope().actor, id=str(clinician.pk), label="c"))
    assert ResultValue.objects.count() == 2
    assert visible_documents(clinician).count() == 2
    report = outcome.message.reports.get()
    services.sign_off(report, actor=clinician, at=NOW, note="Repeat in a month")
    with pytest.raises(services.ResultError, match="already"):
        services.sign_off(report, actor=clinician, at=NOW)
    with pytest.raises(services.ResultError, match="clinician"):
        services.take_back_message(outcome.message, actor=reception)


def test_storage_that_is_away_leaves_nothing_behind(clinician, ada, monkeypatch):
    from tenants import storage

    def away(*_args, **_kwargs):
        raise storage.StorageUnavailableError("The storage is away.")

    monkeypatch.setattr(storage.ScopedFileSystemStorage, "adopt", away)
    (outcome,) = take(clinician, oru())

    assert (outcome.what, outcome.words) == ("refused", "The storage is away.")
    assert not ResultMessage.objects.exists()
    assert not Document.objects.exists()


def test_merging_two_records_brings_the_results_along(clinician, ada, patient, person):
    from clinical.patients.merging import merge_patients

    twin = patient("Ada Nord")
    take(clinician, oru())
    merge_patients(twin, ada, actor=person("owner"), at=NOW)

    assert [r.patient_id for r in ResultReport.objects.all()] == [twin.pk]
    assert ResultMessage.objects.get().patient_id == twin.pk


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


def _file(content: bytes, name: str):
    file = io.BytesIO(content)
    file.name = name
    return file


@pytest.fixture
def there(alpha):
    from clinical.patients.models import Patient

    with tenant_scope(alpha):
        return Patient.objects.create(
            given_names="Ada", family_name="North", date_of_birth="1980-03-12"
        )


def test_reception_uploads_and_files_a_clinician_signs_off(alpha, sign_in, there):
    reception, clinician = sign_in(alpha, "reception"), sign_in(alpha, "clinician")
    assert "Nothing waits" in reception.get("/results/filing/").text
    assert reception.get("/results/").status_code == 403

    files = [
        _file(oru(value="7733"), "a.hl7"),
        _file(oru("M2", name="Norh^Ada"), "b.hl7"),
        _file(b"x", "c.txt"),
    ]
    answer = reception.post("/results/filing/", {"upload": files})
    for words in ("Filed", "Whose is it?", "Could not be read", "begins with MSH"):
        assert words in answer.text
    assert "7733" not in answer.text
    with tenant_scope(alpha):
        waiting = ResultMessage.objects.get(control_id="M2")
        report = ResultReport.objects.get(message__control_id="M1")
    page = f"/results/filing/{waiting.pk}/"
    assert "another family name" in reception.get(page).text
    assert "North, Ada" in reception.post(page, {"q": "ada north"}).text
    assert reception.post(page, {"patient": str(there.pk)}).status_code == 302
    assert reception.post(f"{page}take-back/").status_code == 302
    assert reception.post(f"{page}aside/").status_code == 302
    assert reception.post(f"{page}back/").status_code == 302
    assert reception.get(f"/results/{report.pk}/").status_code == 403

    assert "North, Ada" in clinician.get("/results/").text
    assert "Haemoglobin" in clinician.get(f"/results/{report.pk}/").text
    clinician.post(f"/results/{report.pk}/review/", {"note": "Repeat in a month"})
    assert "Repeat in a month" in clinician.get(f"/results/{report.pk}/").text
    assert "All results are reviewed" in clinician.get("/results/").text
    clinician.post(f"/results/{report.pk}/unreview/")
    assert "Full blood count" in clinician.get(f"/patients/{there.pk}/results/").text
    assert "Full blood count" in clinician.get(f"/patients/{there.pk}/timeline/").text


def test_the_lists_cost_the_same_for_one_and_for_thirty(alpha, sign_in, there):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = sign_in(alpha, "clinician")
    counts = []
    for many in (1, 30):
        with tenant_scope(alpha):
            for n in range(many):
                take(client.person, oru(f"{many}-{n}", order=f"{many}-{n}"))
                take(client.person, oru(f"{many}-{n}u", name="Who^Ever"))
            report = ResultReport.objects.filter(patient=there).first()
        pages = ("/results/", "/results/filing/", f"/patients/{there.pk}/results/",
                 f"/results/{report.pk}/")  # fmt: skip
        for page in pages:
            client.get(page)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(page).status_code == 200
            counts.append(len(caught))
    assert counts[:4] == counts[4:]
    assert max(counts) <= 40


def test_a_stale_correction_is_not_shown_as_the_newest(clinician, ada):
    """The order of arrival does not matter, the order of sending does."""
    take(clinician, oru("M2", status="C", sent="20261121103000"), at=NOW)
    take(clinician, oru("M1", status="F", sent="20261120103000"), at=NOW + timedelta(hours=1))

    (standing,) = ResultReport.objects.filter(replaced_by=None)
    assert standing.status == "C"
