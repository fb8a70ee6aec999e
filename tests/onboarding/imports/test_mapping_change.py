from __future__ import annotations

from dataclasses import replace

from onboarding.filemaker.sources import Field, Table
from onboarding.imports.decisions import Decision
from onboarding.imports.mapping import FieldRule, MappingSpec, Options, TableRule
from onboarding.imports.mapping_change import rule_changes, schema_changes
from onboarding.imports.structure import Structure, TableStructure


def field(number, name, kind="text"):
    return Field(number, name, "normal", kind, 1, is_global=False, comment="", derived=False)


def structure(*fields, name="Patients"):
    return Structure((TableStructure(Table(129, name, 3), fields),))


def spec(*rules, **more):
    return MappingSpec((TableRule(129, "patient", rules),), Options(**more))


def test_each_difference_of_the_file_is_told_with_what_happens_to_it():
    known = structure(field(1, "First"), field(2, "Last"), field(3, "Born"), field(4, "Fax"))
    now = structure(field(1, "Given"), field(2, "Last"), field(3, "Born", "date"), field(5, "Mail"))
    old = spec(FieldRule(1, "given_names"), FieldRule(4, "phone"))
    new = spec(FieldRule(1, "given_names"), FieldRule(3, "date_of_birth"), FieldRule(5, "email"))

    changes = schema_changes(known, now, new, old)

    assert [(c.kind, c.field, c.effect) for c in changes] == [
        ("renamed", "Given", "The same field: still Given name."),
        ("type", "Born", "Suggested anew: Date of birth."),
        ("new", "Mail", "Suggested as E-mail."),
        ("gone", "Fax", "Nothing goes to Phone (kind by its number) from it any more; "
                        "what was imported stays."),
    ]  # fmt: skip


def test_a_table_that_is_new_renamed_or_gone_is_told():
    known = structure(field(1, "First"))
    now = structure(field(1, "First"), name="Clients")
    other = Structure((TableStructure(Table(140, "Notes", 1), (field(1, "Text"),)),))

    assert [(c.kind, c.was, c.now) for c in schema_changes(known, now, spec(), spec())] == [
        ("renamed", "Patients", "Clients")
    ]
    assert [(c.kind, c.table) for c in schema_changes(known, other, spec(), spec())] == [
        ("new", "Notes"),
        ("gone", "Patients"),
    ]


def test_two_versions_are_compared_in_words():
    known = structure(field(1, "First"), field(2, "Born", "date"))
    old = spec(FieldRule(1, "given_names"), FieldRule(2, "date_of_birth"))
    new = replace(
        spec(FieldRule(1, "-"), FieldRule(2, "date_of_birth", "MDY"), default_minutes=45),
        decisions={"location": {"kew": Decision("quarantine", text="Kew")}},
    )

    changes = rule_changes(old, new, known)

    assert [(c.table, c.what, c.was, c.now) for c in changes] == [
        ("Patients", "First", "Given name", "left out"),
        ("Patients", "Born", "Date of birth", "Date of birth, month day year"),
        ("", "default minutes", "30", "45"),
        ("Locations", "“Kew”", "not decided", "records set aside"),
    ]


def test_the_same_mapping_differs_in_nothing():
    known = structure(field(1, "First"))
    one = spec(FieldRule(1, "given_names", reason="The name."))

    assert rule_changes(one, spec(FieldRule(1, "given_names", reason="Chosen.")), known) == []
