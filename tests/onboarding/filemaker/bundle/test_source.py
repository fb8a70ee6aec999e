from __future__ import annotations

from contextlib import ExitStack

import pytest

from onboarding.filemaker.bundle.ids import SPAN
from onboarding.filemaker.bundle.source import BundledFile, BundleSource
from onboarding.filemaker.exports.detect import open_source
from onboarding.filemaker.fmp.writer import Field, FmpWriter, Record, Solution, Table


@pytest.fixture
def bundle():
    with ExitStack() as stack:

        def opened(**slots):
            return opened_as({int(s[1:]): path for s, path in slots.items()})

        def opened_as(paths):
            files = [BundledFile(slot, p.name, open_source(p)) for slot, p in paths.items()]
            return stack.enter_context(BundleSource(files))

        yield opened


@pytest.fixture
def written(tmp_path):
    def write(name, *tables):
        path = tmp_path / name
        fields = (Field(1, "Id"), Field(2, "Name"))
        solution = Solution(tuple(Table(129 + n, t, fields) for n, t in enumerate(tables)))
        with FmpWriter(path, solution) as fmp:
            for table in tables:
                fmp.write_records(table, [Record(7, {"Id": "1", "Name": f"{table} of {name}"})])
        return path

    return write


def test_tables_of_all_files_are_there_under_ids_of_their_own(bundle, written):
    both = bundle(s0=written("Patients.fmp12", "Patients"), s1=written("Bills.fmp12", "Bills"))

    assert [(t.id, t.name) for t in both.tables()] == [(129, "Patients"), (SPAN + 129, "Bills")]
    assert [r.values[2, 1] for r in both.records(SPAN + 129)] == ["Bills of Bills.fmp12"]
    assert both.account(SPAN + 129).recovered == 1
    assert [f.name for f in both.fields(129)] == ["Id", "Name"]
    with pytest.raises(LookupError):
        both.records(130)


def test_tables_of_one_name_are_called_after_their_files(bundle, written):
    both = bundle(s0=written("A.fmp12", "Contacts", "Log"), s1=written("B.fmp12", "contacts"))

    assert [t.name for t in both.tables()] == ["A::Contacts", "Log", "B::contacts"]


def test_a_file_more_changes_no_id(bundle, written):
    a, b, c = (written(f"{n}.fmp12", n) for n in "abc")
    two, three = bundle(s0=a, s2=c), bundle(s0=a, s1=b, s2=c)

    ids = {t.name: t.id for t in three.tables()}
    assert {t.name: ids[t.name] for t in two.tables()} == {t.name: t.id for t in two.tables()}


def test_the_real_pair_refers_to_each_other(bundle, sample):
    alone = bundle(s0=sample("joshormond__ooe-fm__Ooe.fmp12"))
    both = bundle(
        s0=sample("joshormond__ooe-fm__Ooe.fmp12"), s1=sample("joshormond__ooe-fm__Ooe2.fmp12")
    )

    assert [(m.name, m.named_by, m.occurrences) for m in alone.missing_files()] == [
        ("Ooe2", ("Ooe.fmp12",), 1),
        ("Ooe_dev", ("Ooe.fmp12",), 0),
    ]
    assert [w.facts["name"] for w in alone.warnings if w.code == "file-missing"] == ["Ooe2"]
    assert [m.name for m in both.missing_files()] == ["Ooe_dev"]
    assert [w for w in both.warnings if w.code == "file-missing"] == []
    assert both._elsewhere(both._files[0]) == {"Invoice": SPAN + 130}
    assert {t.name for t in both.tables()} == {
        "TestTable", "Contacts", "Ooe::blank", "Ooe2::blank", "Invoice",
    }  # fmt: skip


def test_relationships_lead_across_the_real_files(bundle, sample):
    prefix = "SoliantMike__FM-DocumentFieldIDs__"
    both = bundle(
        s0=sample(f"{prefix}Document_Field_IDs.fmp12"),
        s3=sample(f"{prefix}Contacts.fmp12"),
        s5=sample(f"{prefix}Contacts_2.fmp12", "Contacts 2.fmp12"),
    )

    assert both.missing_files() == []
    tables = {table.id for table in both.tables()}
    ends = {end for r in both.relationships() for end in (r.left_table_id, r.right_table_id) if end}
    assert ends <= tables


def test_what_goes_wrong_is_said_with_the_files_name(bundle, written, sample):
    both = bundle(
        s0=written("Patients.fmp12", "Patients"),
        s1=sample("evanmiller__fmptools__Standards.fmp12"),
    )

    warning = next(w for w in both.warnings if w.facts["file"] == "Standards.fmp12")
    assert warning.message.startswith("Standards.fmp12: ")
