import pytest

from onboarding.filemaker.fmp.writer import (
    AUSTRALIAN,
    Field,
    FieldKind,
    FieldType,
    Occurrence,
    Relationship,
    SchemaError,
    Solution,
    Table,
)

PEOPLE = Table(129, "People", (Field(1, "Name"),))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (Field(1, "a"), "0101000000000015000000000000000000000001000000000001"),
        (
            Field(1, "a", FieldType.NUMBER),
            "0102000000000000000000000000000000000001000000000001",
        ),
        (
            Field(1, "a", FieldType.CONTAINER, is_global=True),
            "0106000000000000000100000000000000000001000000000001",
        ),
        (
            Field(
                1, "a", FieldType.NUMBER, FieldKind.CALCULATION, repetitions=500, is_unstored=True
            ),
            "0202000000000000000a000000000000000000010000000001f4",
        ),
        (
            Field(1, "a", FieldType.NUMBER, FieldKind.SUMMARY),
            "0302000000000000000000000000000000000001000000000001",
        ),
    ],
)
def test_a_definition_is_what_filemaker_writes_for_such_a_field(field, expected):
    assert field.definition().hex() == expected


def test_serial_and_validation_have_their_bits():
    definition = Field(1, "ID", is_serial=True, is_required=True, is_unique=True).definition()

    assert definition[11] == 2
    assert definition[15] == 8 | 16


def test_the_locale_block_is_that_of_an_english_day_first_file():
    expected = "0000001500e38000000" + "02c201c201d002c002e002f003a020103010608"
    assert AUSTRALIAN.block().hex() == expected


def test_ids_must_ascend():
    with pytest.raises(SchemaError, match="tables: ids must be unique and ascending"):
        Solution((Table(130, "B", ()), Table(129, "A", ())))
    with pytest.raises(SchemaError, match="fields of A: ids must be unique"):
        Solution((Table(129, "A", (Field(1, "a"), Field(1, "b"))),))


def test_table_ids_below_the_first_are_refused():
    with pytest.raises(SchemaError, match="table ids start at 129"):
        Solution((Table(5, "A", ()),))


def test_an_occurrence_needs_its_table_unless_it_shows_another_file():
    with pytest.raises(SchemaError, match="Ghosts stands for no table"):
        Solution((PEOPLE,), (Occurrence(1_065_089, "Ghosts", 130),))

    assert Solution((PEOPLE,), (Occurrence(1_065_089, "Elsewhere", 130, source_id=1),))


def test_a_relationship_needs_both_its_occurrences():
    box = Occurrence(1_065_089, "People", 129)
    with pytest.raises(SchemaError, match="relationship 1 joins an occurrence"):
        Solution((PEOPLE,), (box,), (Relationship(1, box.id, box.id + 1, ()),))
