from __future__ import annotations

import pytest

from onboarding.filemaker.sources import Field, Table
from onboarding.imports.mapping import (
    FieldRule,
    MappingError,
    MappingSpec,
    Options,
    TableRule,
    Via,
)
from onboarding.imports.mapping_change import carry_over
from onboarding.imports.mapping_check import check_spec
from onboarding.imports.structure import Structure, TableStructure


def field(number, name, kind="text"):
    return Field(number, name, "normal", kind, 1, is_global=False, comment="", derived=False)


def structure(*fields):
    return Structure((TableStructure(Table(129, "Patients", 3), fields),))


GIVEN, FAMILY, BORN = field(1, "First"), field(2, "Last"), field(3, "Born", "date")


def spec(*rules, entity="patient", **options):
    return MappingSpec((TableRule(129, entity, rules),), Options(**options))


def test_a_spec_survives_its_json():
    kept = spec(FieldRule(1, "given_names", "first_line", None, 0.9, "The name."), time_zone="UTC")

    assert MappingSpec.from_json(kept.as_json()) == kept


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ({}, "format 2"),
        ({"format": 3, "tables": {}}, "format 2"),
        ({"format": 1}, "not well formed"),
        ({"format": 1, "tables": {"x": {}}}, "not well formed"),
        ({"format": 1, "tables": {}, "options": {"time_zone": "Mars/Base"}}, "time zone"),
        ({"format": 1, "tables": {}, "options": {"date_order": "YDM"}}, "date order"),
        ({"format": 1, "tables": {}, "options": {"colour": "red"}}, "not well formed"),
    ],
)
def test_what_is_not_a_mapping_is_refused_with_words(kept, words):
    with pytest.raises(MappingError, match=words):
        MappingSpec.from_json(kept)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([], "holds the name"),
        ([FieldRule(9, "given_names")], "no field 9"),
        ([FieldRule(1, "shoe_size")], "no target"),
        ([FieldRule(1, "given_names"), FieldRule(2, "given_names")], "two fields go to"),
        ([FieldRule(1, "given_names", "backwards")], "cannot be read as"),
        ([FieldRule(1, "given_names"), FieldRule(2, "location", via=Via(200, 1))], "does not have"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_with_words(rules, words):
    with pytest.raises(MappingError, match=words):
        check_spec(spec(*rules), structure(GIVEN, FAMILY, BORN))


def test_an_appointment_needs_a_date_and_a_patient():
    with pytest.raises(MappingError, match="date"):
        check_spec(spec(FieldRule(1, "patient"), entity="appointment"), structure(GIVEN))
    with pytest.raises(MappingError, match="patient"):
        check_spec(spec(FieldRule(3, "date"), entity="appointment"), structure(BORN))


def test_renaming_a_field_leaves_the_fingerprint_and_adding_one_changes_it():
    before = structure(GIVEN, FAMILY)

    assert structure(field(1, "Vorname"), FAMILY).fingerprint == before.fingerprint
    assert structure(GIVEN, FAMILY, BORN).fingerprint != before.fingerprint
    assert structure(GIVEN, field(2, "Last", "number")).fingerprint != before.fingerprint


def test_reasons_do_not_change_how_records_are_loaded_and_places_do():
    one = spec(FieldRule(1, "given_names", reason="The name."))
    other = spec(FieldRule(1, "given_names", reason="Chosen by you."))
    third = spec(FieldRule(1, "family_name"))

    hashes = [found.rule_hash(found.tables[0]) for found in (one, other, third)]

    assert hashes[0] == hashes[1] != hashes[2]


def test_a_mapping_is_carried_over_to_a_changed_solution_by_ids():
    decided = spec(FieldRule(1, "preferred_name"), FieldRule(2, "family_name"))
    suggestion = spec(
        FieldRule(1, "given_names"), FieldRule(2, "family_name"), FieldRule(3, "date_of_birth"),
        FieldRule(4, "family_name"), FieldRule(5, "notes"),
    )  # fmt: skip
    now = structure(field(1, "Nick"), FAMILY, BORN, field(4, "Surname"), field(5, "Notes"))

    carried = carry_over(decided, structure(GIVEN, FAMILY), suggestion, now)

    assert [(rule.field_id, rule.to) for rule in carried.tables[0].fields] == [
        (1, "preferred_name"),
        (2, "family_name"),
        (3, "date_of_birth"),
        (5, "notes"),
    ]


def test_a_field_whose_type_has_changed_is_suggested_anew():
    decided = spec(FieldRule(1, "given_names"), FieldRule(3, "plan_start"))
    suggestion = spec(FieldRule(1, "given_names"), FieldRule(3, "notes"))

    carried = carry_over(
        decided, structure(GIVEN, BORN), suggestion, structure(GIVEN, field(3, "Born"))
    )

    assert [(rule.field_id, rule.to) for rule in carried.tables[0].fields] == [
        (1, "given_names"),
        (3, "notes"),
    ]
