"""How often the suggestions are right, on solutions they were not made from."""

from __future__ import annotations

import pytest

from onboarding.imports.mapping_check import check_spec
from onboarding.imports.suggest import suggest
from tests.onboarding.imports.schemas import HELD_OUT, SCHEMAS

ENOUGH = 0.9


def judged(schema):
    """Answer each field of the schema as (place, expected, suggested)."""
    structure, profile = schema.staged()
    spec = suggest(structure, profile, time_zone="Australia/Sydney")
    fields = []
    for table in structure.tables:
        entity, expected = schema.tables[table.name]
        rule = spec.table(table.id)
        for field, (name, _, _, target) in zip(table.fields, expected, strict=True):
            said = rule.rule(field.id).to if rule.entity == entity else f"({rule.entity})"
            fields.append((f"{table.name}::{name}", target, said))
    return structure, spec, fields


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_of_each_solution_most_fields_are_suggested_right(schema):
    structure, spec, fields = judged(schema)

    wrong = [field for field in fields if field[1] != field[2]]

    assert len(wrong) <= 0.15 * len(fields), wrong
    check_spec(spec, structure)


def test_nine_of_ten_fields_are_suggested_right_in_three_languages():
    fields = [field for schema in SCHEMAS for field in judged(schema)[2]]

    right = sum(expected == said for _, expected, said in fields)

    assert {schema.language for schema in SCHEMAS} == {"en", "de", "fr"}
    assert len(fields) > 150
    assert right / len(fields) >= ENOUGH, f"{right} of {len(fields)}"


def test_solutions_that_were_never_looked_at_are_suggested_nearly_as_well():
    fields = [field for schema in HELD_OUT for field in judged(schema)[2]]

    right = sum(expected == said for _, expected, said in fields)

    assert len(fields) > 50
    assert right / len(fields) >= ENOUGH, [f for f in fields if f[1] != f[2]]


def test_a_whole_address_is_suggested_to_be_split():
    physio = next(schema for schema in SCHEMAS if schema.name == "physio")

    _, spec, _ = judged(physio)

    (address,) = spec.tables[0].to("home_lines")
    assert address.how == "block"
    assert "whole addresses" in address.reason


def test_what_is_surely_suggested_is_hardly_ever_wrong():
    wrong = total = 0
    for schema in SCHEMAS:
        structure, spec, fields = judged(schema)
        expected = {place: target for place, target, _ in fields}
        for table in structure.tables:
            for rule in spec.table(table.id).fields:
                if rule.confidence >= ENOUGH:
                    total += 1
                    name = table.field(rule.field_id).name
                    wrong += expected[f"{table.name}::{name}"] != rule.to

    assert total > 80
    assert wrong <= 0.03 * total
