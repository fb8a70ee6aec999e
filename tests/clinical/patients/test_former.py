"""Finding people by the fields of the old system."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from clinical.patients.former import (
    former_tables,
    models_with_former_fields,
    search_former_fields,
)
from clinical.patients.merging import merge_patients
from tenants.scope import tenant_scope


@pytest.fixture
def desk(in_alpha, person):
    return person("reception")


def _found(desk, text, **wanted):
    hits = search_former_fields(desk, text, **wanted)
    return [(hit.patient.full_name, hit.source, hit.label, hit.around) for hit in hits]


def test_a_value_is_found_by_any_part_of_its_words_whatever_the_accents(desk, patient):
    patient("Ada North", extra={"Hobby": "Collects Café posters", "Referred": "Dr Lindqvist"})
    patient("Bea South", extra={"Hobby": "Golf"})

    assert _found(desk, "cafe") == [("Ada North", "patient", "Hobby", "Collects Café posters")]
    assert _found(desk, "LINDQ") == [("Ada North", "patient", "Referred", "Dr Lindqvist")]
    assert _found(desk, "golf lindqvist") == []
    assert _found(desk, "posters collects") == _found(desk, "cafe")


def test_signs_of_a_pattern_are_letters_like_others(desk, patient):
    patient("Ada North", extra={"Discount": "100% off_season \\ back"})
    patient("Bea South", extra={"Discount": "100 offXseason"})

    for typed in ("100%", "off_season", "\\ back"):
        assert [name for name, *_ in _found(desk, typed)] == ["Ada North"], typed


def test_fields_of_visits_lead_to_the_person(desk, patient, appointment):
    appointment(timezone.now(), patient=patient("Ada North"), extra={"Room": "Hydrotherapy pool"})

    assert _found(desk, "hydro") == [("Ada North", "appointment", "Room", "Hydrotherapy pool")]


def test_a_long_value_is_cut_to_what_was_found(desk, patient):
    patient("Ada North", extra={"Story": "x " * 500 + "needle" + " y" * 500})

    ((_, _, _, around),) = _found(desk, "needle")

    assert "needle" in around
    assert len(around) < 200


def test_short_words_alone_are_not_looked_for(desk, patient):
    patient("Ada North", extra={"Hobby": "Go"})

    assert _found(desk, "go") == []


def test_a_merged_record_leads_to_the_one_that_goes_on(desk, patient):
    john, jon = patient("John Smith"), patient("Jon Smith", extra={"Pet": "Labrador"})
    john.refresh_from_db()
    jon.refresh_from_db()
    merge_patients(john, jon, actor=desk, at=timezone.now())

    assert _found(desk, "labrador") == [("John Smith", "patient", "Pet", "Labrador")]


def test_what_somebody_may_not_view_finds_nobody(in_alpha, person, patient):
    from clinical.notes.models import Note

    ada = patient("Ada North", extra={"Pet": "Labrador"})
    Note.objects.create(patient=ada, noted_at=timezone.now(), extra={"Old field": "Labrador bite"})

    assert len(_found(person("owner"), "labrador")) == 2
    assert [hit[1] for hit in _found(person("reception"), "labrador")] == ["patient"]
    assert _found(person("coordinator"), "labrador") == []


def test_archived_people_are_found_when_asked_for(desk, patient):
    patient("Ada North", extra={"Pet": "Labrador"}, is_archived=True)

    assert _found(desk, "labrador") == []
    assert len(_found(desk, "labrador", with_archived=True)) == 1


def test_every_table_that_keeps_old_fields_of_people_is_searched(in_alpha):
    tables = {table.table for table in former_tables()}

    assert tables == {model._meta.db_table for model in models_with_former_fields()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'search\\_former\\_%' "
            "AND pronamespace = current_schema()::regnamespace AND prosecdef "
            "AND proowner = 'nexus_search'::regrole"
        )
        functions = {name.removeprefix("search_former_") for (name,) in cursor.fetchall()}
    assert functions == tables


def test_the_neighbours_functions_refuse(alpha, beta):
    from django.db import DatabaseError

    with pytest.raises(DatabaseError), tenant_scope(alpha), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM {beta.schema_name}.search_former_patients_patient(%s, 5)", [["abc"]]
        )


def test_many_patients_are_searched_by_the_index(alpha, committed, superuser, person):
    superuser.execute(f"SET search_path = {alpha.schema_name}, ext")
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(f"SET rls.tenant_id = '{alpha.pk}'")
    superuser.execute(
        "INSERT INTO patients_patient (id, number, title, given_names, family_name, "
        "preferred_name, former_names, sex, gender, pronouns, coordinator_name, alerts, notes, "
        "xero_contact_id, extra, is_archived, created_at, changed_at) SELECT gen_random_uuid(), n, "
        "'', 'G', 'F' || n, '', '', '', '', '', '', '', '', '', jsonb_build_object('Ref', "
        "'REF-' || md5(n::text), 'Hobby', 'Reading ' || n % 50, 'Doctor', 'Dr ' || "
        "substr(md5((n % 900)::text), 1, 8)), false, now(), now() FROM generate_series(1, 100000) n"
    )
    superuser.execute("ANALYZE patients_patient")
    with tenant_scope(alpha):
        desk = person("reception")
        whole, by_index = _scans()
        wanted = _found(desk, "ref-202cb962ac59075b964b07152d234b70")
        for typed in ("202cb962ac59", "dr " + "c4ca4238", "ref-202cb962ac59075b"):
            assert search_former_fields(desk, typed), typed
        whole_after, by_index_after = _scans()

    assert [name for name, *_ in wanted] == ["G F123"]
    assert (whole_after - whole, by_index_after - by_index >= 4) == (0, True)


def _scans() -> tuple[int, int]:
    """Answer how often this session has read all patients, and how often by an index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables "
            "WHERE relid = 'patients_patient'::regclass"
        )
        return cursor.fetchone()


def test_the_list_looks_into_old_fields_when_asked(alpha, sign_in, patient):
    with tenant_scope(alpha):
        patient("Ada North", extra={"Pet": "Labrador <b>"})
    desk = sign_in(alpha, "reception")

    without = desk.post("/patients/", {"q": "labra"})
    with_fields = desk.post("/patients/", {"q": "labra", "former": "on"})

    assert "North, Ada" not in without.text
    assert "North, Ada" in with_fields.text
    assert "<mark>Labra</mark>dor &lt;b&gt;" in with_fields.text
