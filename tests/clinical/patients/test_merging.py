"""Two records of one person made one, and two again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.selectors import events_about
from clinical.appointments.models import Appointment
from clinical.patients import merging, relations
from clinical.patients.merging import (
    AlreadyMergedError,
    CannotUnmergeError,
    Choice,
    merge_patients,
    tell_apart,
    unmerge_patients,
)
from clinical.patients.models import (
    ContactPoint,
    CoordinatorAssignment,
    DuplicateCandidate,
    Patient,
    PatientIdentifier,
)
from clinical.patients.search import find_patients
from clinical.patients.services import PatientChangedError, change_patient

MORNING = timezone.now()


@pytest.fixture
def desk(in_alpha, person):
    return person("reception")


@pytest.fixture
def two(in_alpha, patient, appointment):
    """Jon, with a visit and a phone of his own; John, with the same phone and another."""
    john = patient("John Smith", phone="0412 345 678", date_of_birth="1980-03-12", notes="Knee.")
    jon = patient("Jon Smyth", phone="0412345678", date_of_birth="1980-03-12", notes="Hip.")
    ContactPoint.objects.create(
        patient=jon, kind="email", value="jon@example.com", normalised="jon@example.com"
    )
    appointment(MORNING, patient=jon)
    john.refresh_from_db()
    jon.refresh_from_db()
    return john, jon


APPS = {"patients", "appointments", "practice", "imports", "contacts", "notes", "letters"} | {
    "clinic_messages",
    "documents",
    "invoices",
}


def _image() -> dict[str, list]:
    """Every row of the clinic's own tables but the machinery of merging."""
    image = {}
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label_lower
        if model._meta.app_label in APPS and "merge" not in label and "candidate" not in label:
            image[label] = sorted(
                (
                    sorted((k, str(v)) for k, v in row.items() if k != "changed_at")
                    for row in model._base_manager.values()
                ),
                key=str,
            )
    return image


def test_everything_moves_and_nothing_is_doubled(two, desk):
    john, jon = two

    merge = merge_patients(john, jon, actor=desk, at=timezone.now())

    assert Appointment.objects.get().patient_id == john.pk
    assert sorted(point.value for point in john.contact_points.all()) == [
        "0412 345 678",
        "jon@example.com",
    ]
    assert list(Patient.objects.all()) == [john]
    hidden = Patient.everyone.get(pk=jon.pk)
    assert hidden.merged_into_id == john.pk
    assert merging.moved_counts(merge) == {"appointments": 1, "contact points": 1}


def test_unmerging_puts_all_back_exactly(two, desk):
    john, jon = two
    before = _image()

    merge = merge_patients(
        john,
        jon,
        actor=desk,
        at=timezone.now(),
        choice=Choice(frozenset({"family_name"}), frozenset({"notes"})),
    )
    assert _image() != before
    assert Patient.objects.get().notes == "Knee.\nHip."
    assert Patient.objects.get().family_name == "Smyth"
    merge = unmerge_patients(merge, actor=desk, at=timezone.now())

    assert _image() == before
    assert merge.left == []


def test_what_was_edited_since_stays_and_is_listed(two, desk, appointment):
    john, jon = two
    merge = merge_patients(
        john, jon, actor=desk, at=timezone.now(), choice=Choice(frozenset({"given_names"}))
    )
    john.refresh_from_db()
    change_patient(john, actor=desk, at=timezone.now(), fields={"given_names": "Johnny"})
    Appointment.objects.update(notes="Moved to Monday")
    jons_mail = ContactPoint.objects.get(kind="email")
    jons_mail.delete()
    appointment(MORNING + timedelta(days=7), patient=john)

    merge = unmerge_patients(merge, actor=desk, at=timezone.now())

    assert {(entry["what"], entry["why"].split(":")[0]) for entry in merge.left} == {
        ("Given names", "was edited since the merge and stays"),
        ("1 appointment", "edited since the merge"),
        ("1 contact point", "deleted or given to somebody else since the merge"),
        ("1 appointment", "added since the merge"),
    }
    assert Patient.objects.get(pk=john.pk).given_names == "Johnny"
    assert Appointment.objects.get(notes="Moved to Monday").patient_id == jon.pk
    assert Appointment.objects.exclude(notes="Moved to Monday").get().patient_id == john.pk


def test_the_search_finds_by_the_former_name_and_number(two, desk):
    john, jon = two
    merge_patients(john, jon, actor=desk, at=timezone.now())
    today = MORNING.date()

    for typed in ("Smyth", str(jon.number), "0412 345 678", "jon@example.com", "12/03/1980"):
        assert [hit.patient_id for hit in find_patients(typed, today=today)] == [john.pk], typed


def test_a_chain_of_merges_leads_to_the_last_and_is_undone_from_there(two, desk, patient):
    john, jon = two
    first = merge_patients(john, jon, actor=desk, at=timezone.now())
    jack = patient("Jack Smith")
    john.refresh_from_db()

    second = merge_patients(jack, john, actor=desk, at=timezone.now())

    assert Patient.everyone.get(pk=jon.pk).merged_into_id == jack.pk
    assert Appointment.objects.get().patient_id == jack.pk
    with pytest.raises(CannotUnmergeError):
        unmerge_patients(first, actor=desk, at=timezone.now())
    unmerge_patients(second, actor=desk, at=timezone.now())
    unmerge_patients(first, actor=desk, at=timezone.now())
    assert Patient.objects.count() == 3
    assert Appointment.objects.get().patient_id == jon.pk


def test_a_record_changed_or_merged_in_the_meantime_is_refused(two, desk, patient):
    john, jon = two
    stale = Patient.objects.get(pk=jon.pk)
    change_patient(jon, actor=desk, at=timezone.now(), fields={"notes": "Other"})
    with pytest.raises(PatientChangedError):
        merge_patients(john, stale, actor=desk, at=timezone.now())

    jon.refresh_from_db()
    merge_patients(john, jon, actor=desk, at=timezone.now())
    with pytest.raises(AlreadyMergedError):
        merge_patients(patient("Third Person"), jon, actor=desk, at=timezone.now())


def test_a_row_that_would_repeat_the_winners_stays_behind(two, desk, person):
    john, jon = two
    helper = person("coordinator")
    for one in two:
        CoordinatorAssignment.objects.create(user=helper, patient=one)

    merge = merge_patients(john, jon, actor=desk, at=timezone.now())

    assert set(CoordinatorAssignment.objects.values_list("patient_id", flat=True)) == {
        john.pk,
        jon.pk,
    }
    unmerge_patients(merge, actor=desk, at=timezone.now())
    assert CoordinatorAssignment.objects.count() == 2


def test_old_fields_of_both_are_kept(two, desk):
    john, jon = two
    Patient.objects.filter(pk=john.pk).update(extra={"Hobby": "Chess", "Doctor": "Dr A"})
    Patient.objects.filter(pk=jon.pk).update(extra={"Hobby": "Golf", "Pet": "Dog"})
    john.refresh_from_db()
    jon.refresh_from_db()

    merge_patients(john, jon, actor=desk, at=timezone.now())

    assert Patient.objects.get().extra == {
        "Hobby": "Chess",
        "Doctor": "Dr A",
        "Pet": "Dog",
        f"Hobby (patient {jon.number})": "Golf",
    }


def test_who_may_not_change_patients_may_not_merge_them(two, person):
    john, jon = two

    for role in ("billing", "coordinator"):
        with pytest.raises(PermissionDenied):
            merge_patients(john, jon, actor=person(role), at=timezone.now())
        with pytest.raises(PermissionDenied):
            tell_apart(john, jon, actor=person(role, name="Other"), at=timezone.now())
    assert Patient.objects.count() == 2


def test_a_merge_and_its_undoing_stand_in_both_histories(two, desk):
    john, jon = two

    unmerge_patients(
        merge_patients(john, jon, actor=desk, at=timezone.now()), actor=desk, at=timezone.now()
    )

    for one in two:
        actions = {event.action for event in events_about(str(one.pk))}
        assert {"patient.merge", "patient.unmerge"} <= actions


def test_the_decision_about_a_pair_is_remembered(two, desk):
    john, jon = two

    tell_apart(jon, john, actor=desk, at=timezone.now())

    decided = DuplicateCandidate.objects.get()
    assert (decided.state, decided.decided_by) == ("not_the_same", desk.name)
    assert [decided.first_id, decided.second_id] == sorted([john.pk, jon.pk])


# ── nothing that refers to a patient is forgotten ────────────────────────────────────────────────


def test_every_foreign_key_to_a_patient_is_moved_or_known_to_stay(in_alpha):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint AS c "
            "JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) "
            "WHERE c.contype = 'f' AND c.confrelid = 'patients_patient'::regclass"
        )
        in_database = {(table.strip('"'), column) for table, column in cursor.fetchall()}
    moved = {(ref.table, ref.column) for ref in relations.references()}

    assert in_database - moved - set(relations.STAYS) == set()
    assert moved & set(relations.STAYS) == set()
    assert ("appointments_appointment", "patient_id") in moved


def test_every_moved_table_keeps_its_way_back(two, desk):
    """A row in every table that refers to a patient: merged and unmerged, nothing is lost."""
    john, jon = two
    PatientIdentifier.objects.create(patient=jon, kind="ndis", value="430000001")
    made = _one_row_in_each_table(jon)
    before = _image()

    merge = merge_patients(john, jon, actor=desk, at=timezone.now())
    for ref in relations.references():
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT count(*) FROM "{ref.table}" WHERE "{ref.column}" = %s', [john.pk]
            )
            if ref.table in made:
                assert cursor.fetchone()[0] >= 1, ref
    unmerge_patients(merge, actor=desk, at=timezone.now())

    assert _image() == before


def _one_row_in_each_table(owner: Patient) -> set[str]:
    """Make a row of each model with a foreign key to patients that needs nothing else."""
    made = set()
    for ref in relations.references():
        model = next(m for m in apps.get_models(True) if m._meta.db_table == ref.table)
        if ref.kind_column or model is Patient:
            continue
        values = _least_values(model, ref.column, owner)
        if values is None:
            continue
        try:
            with transaction.atomic():
                model._base_manager.create(**values)
        except IntegrityError:
            continue  # it needs more than this knows
        made.add(ref.table)
    assert len(made) >= 5
    return made


def _least_values(model, column: str, owner: Patient) -> dict | None:
    """Fill what a row must have; None where it needs rows of other tables."""
    values = {}
    for field in model._meta.concrete_fields:
        if field.column == column:
            values[field.name] = owner
        elif field.name == "kind" and field.choices:
            values["kind"] = field.choices[0][0]
        elif field.get_internal_type() == "DateTimeField" and not field.null:
            values[field.name] = MORNING + timedelta(hours=len(values))
        elif field.name in {"value", "sha256"}:
            values[field.name] = "1"
        elif "Integer" in field.get_internal_type() and not field.null:
            values[field.name] = 1
        elif field.is_relation and not field.null:
            return None
    return values
