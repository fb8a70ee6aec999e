"""Taking a measure, completing, correcting and withdrawing it; what the database itself refuses."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError, OperationalError
from django.utils import timezone

from clinical.measures import services
from clinical.measures.models import Assessment
from clinical.measures.services import Entry
from tenants.scope import Actor, tenant_scope

pytestmark = pytest.mark.django_db(databases=["default"])

NOW = timezone.now()
REFUSED = (IntegrityError, InternalError, OperationalError)
PHQ = {f"q{n}": 1 for n in range(1, 9)} | {"q9": 0}


@pytest.fixture
def clinician(in_alpha, person):
    return person("clinician")


@pytest.fixture
def ada(in_alpha, patient):
    return patient("Ada North", date_of_birth=date(1950, 3, 1), sex="female")


def _begin(ada, clinician, code="phq-9"):
    return services.start_assessment(ada, actor=clinician, code=code, at=NOW)


def _complete(assessment, clinician, answers, **more):
    return services.complete_assessment(
        assessment,
        actor=clinician,
        at=NOW,
        revision=assessment.revision,
        entry=Entry(answers),
        **more,
    )


@pytest.fixture
def complete(ada, clinician):
    return _complete(_begin(ada, clinician), clinician, PHQ)


def test_a_measure_is_saved_scored_and_locked(ada, clinician, appointment):
    visit = appointment(NOW, patient=ada)
    draft = _begin(ada, clinician)

    live = services.save_draft(
        draft, actor=clinician, at=NOW, revision=0, entry=Entry({"q1": 1}, note=" Tired ")
    )
    done = _complete(draft, clinician, PHQ)

    assert (live.score, live.answered) == (None, 1)
    done.refresh_from_db()
    assert (done.score, done.band, done.state) == (Decimal(8), "mild", "complete")
    assert (done.appointment, done.author, done.has_alert) == (visit, clinician, False)


def test_what_is_missing_is_named_and_nothing_is_locked(ada, clinician):
    draft = _begin(ada, clinician)

    with pytest.raises(services.UnfinishedError, match=r"3 answers are missing.*At most 2"):
        _complete(draft, clinician, {key: 1 for key in PHQ if key not in {"q1", "q2", "q3"}})

    draft.refresh_from_db()
    assert (draft.state, draft.score) == ("draft", None)


def test_the_age_of_the_patient_decides_on_the_norm(ada, clinician):
    done = _complete(_begin(ada, clinician, "30cst"), clinician, {"stands": "9"})

    assert (done.score, done.band) == (9, "below_norm")


def test_an_older_page_does_not_write_over_a_newer_one(ada, clinician):
    draft = _begin(ada, clinician)
    services.save_draft(draft, actor=clinician, at=NOW, revision=0, entry=Entry({"q1": 1}))

    with pytest.raises(services.AssessmentChangedError):
        services.save_draft(draft, actor=clinician, at=NOW, revision=0, entry=Entry({"q1": 2}))
    services.save_draft(draft, actor=clinician, at=NOW, revision=0, entry=Entry({"q1": 1}))

    draft.refresh_from_db()
    assert (draft.answers, draft.revision) == ({"q1": 1}, 1)


def test_a_day_to_come_is_refused(ada, clinician):
    tomorrow = timezone.localdate() + timedelta(days=2)

    with pytest.raises(services.FutureDayError):
        services.save_draft(
            _begin(ada, clinician), actor=clinician, at=NOW, revision=0, entry=Entry({}, tomorrow)
        )


def test_a_correction_takes_the_place_of_the_first_which_stays(complete, clinician):
    draft = services.correct_assessment(complete, actor=clinician)
    again = services.correct_assessment(complete, actor=clinician)

    with pytest.raises(services.ReasonMissingError):
        _complete(draft, clinician, PHQ | {"q1": 3})
    done = _complete(draft, clinician, PHQ | {"q1": 3}, reason="Misread the first answer")

    complete.refresh_from_db()
    assert draft == again
    assert (complete.state, complete.score) == ("replaced", 8)
    assert (done.state, done.score, done.replaces) == ("complete", 10, complete)


def test_a_measure_is_withdrawn_with_a_reason_only(complete, clinician):
    with pytest.raises(services.ReasonMissingError):
        services.withdraw_assessment(complete, actor=clinician, at=NOW, reason=" ")
    services.withdraw_assessment(complete, actor=clinician, at=NOW, reason="Wrong patient")

    complete.refresh_from_db()
    assert (complete.state, complete.withdrawn_reason) == ("withdrawn", "Wrong patient")
    with pytest.raises(PermissionDenied):
        services.correct_assessment(complete, actor=clinician)


def test_an_alert_is_looked_at_once(ada, clinician, person):
    done = _complete(_begin(ada, clinician), clinician, PHQ | {"q9": 1})
    services.acknowledge_alert(done, actor=clinician, at=NOW)
    services.acknowledge_alert(done, actor=person("owner"), at=NOW + timedelta(hours=1))

    done.refresh_from_db()
    assert (done.alert_seen_by, done.alert_seen_at, done.needs_look) == ("Clinician", NOW, False)


def test_the_activities_named_last_time_stand_in_the_next_form(ada, clinician):
    first = _begin(ada, clinician, "psfs")
    _complete(first, clinician, {"a1": {"words": "Climbing stairs", "points": 3}})

    assert _begin(ada, clinician, "psfs").answers == {
        "a1": {"words": "Climbing stairs", "points": None}
    }
    assert _begin(ada, clinician, "10mwt").answers == {"distance": "6"}


def test_who_may_not_take_measures_is_refused(ada, person):
    for role in ("reception", "billing", "coordinator"):
        with pytest.raises(PermissionDenied):
            services.start_assessment(ada, actor=person(role), code="phq-9", at=NOW)


def test_the_database_keeps_what_is_complete(complete):
    for columns in (
        {"answers": {}},
        {"score": 0},
        {"band": "severe"},
        {"taken_on": timezone.localdate() - timedelta(days=9)},
        {"state": "draft"},
        {"has_alert": True},
        {"author_name": "Somebody else"},
    ):
        with pytest.raises(REFUSED), transaction.atomic():
            Assessment.objects.filter(pk=complete.pk).update(**columns)
    Assessment.objects.filter(pk=complete.pk).update(state="withdrawn", withdrawn_reason="x")
    with pytest.raises(REFUSED), transaction.atomic():
        Assessment.objects.filter(pk=complete.pk).update(state="complete")


def test_the_database_shows_no_assessment_to_who_reads_none(alpha, person, patient, taken):
    with tenant_scope(alpha):
        readers = {role: person(role) for role in ("reception", "billing", "coordinator", "owner")}
        ada = patient()
        taken(ada, "phq-9", 12)

    for role, reader in readers.items():
        with tenant_scope(alpha, actor=Actor(id=str(reader.pk))), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM measures_assessment")
            assert cursor.fetchone() == (1 if role == "owner" else 0,), role


def test_measures_and_links_come_along_when_patients_are_merged(ada, clinician, person, patient):
    from clinical.measures import links
    from clinical.measures.models import PatientLink
    from clinical.patients.merging import merge_patients

    twin, owner = patient("Ada North"), person("owner")
    done = _complete(_begin(twin, clinician), clinician, PHQ)
    link, _ = links.create_link(twin, actor=clinician, code="k10", at=NOW)

    merge_patients(ada, twin, actor=owner, at=NOW)

    assert Assessment.objects.get(pk=done.pk).patient_id == ada.pk
    assert PatientLink.objects.get(pk=link.pk).patient_id == ada.pk
