import os
import random

import pytest

from onboarding.filemaker.fmp.pages import Pages
from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.fmp.salvage import salvage_order

ROOM = 200
SECTOR = 4096


@pytest.fixture
def hundred(raw, make_file):
    """100 records "Person 1" … "Person 100" over a dozen leaves."""
    return make_file(raw.people(100), room=ROOM)


def overwrite(path, sector, seed=1):
    content = bytearray(path.read_bytes())
    content[sector * SECTOR : (sector + 1) * SECTOR] = random.Random(seed).randbytes(SECTOR)
    path.write_bytes(content)


def codes(file):
    return [warning.code for warning in file.warnings]


def test_a_sound_file_has_no_warnings(hundred):
    with open_file(hundred) as file:
        assert [record.id for record in file.records(129)] == list(range(1, 101))
        assert codes(file) == []


@pytest.mark.parametrize("sector", [5, 6, 7, 8])
def test_an_overwritten_leaf_costs_its_own_records_and_no_others(hundred, sector):
    overwrite(hundred, sector)

    with open_file(hundred) as file:
        records = {record.id: record for record in file.records(129)}
        account = file.account(129)

        assert account.recovered == len(records)
        assert account.recovered + account.lost == account.expected == 100
        assert 0 < account.lost < 25
        assert sorted([*records, *account.lost_ids]) == list(range(1, 101))
        # Two neighbours may have lost cells to the missing leaf, and only they.
        whole = [n for n, record in records.items() if record.values == {(1, 1): f"Person {n}"}]
        assert set(records) - set(whole) <= set(account.incomplete_ids)
        assert len(account.incomplete_ids) == 2
        assert codes(file) == ["damaged", "records-lost"]


@pytest.mark.parametrize("where", ["the first code", "a code within"])
def test_a_leaf_with_a_sound_head_and_a_bad_payload_is_found_on_reading(raw, hundred, where):
    content = bytearray(hundred.read_bytes())
    start = 6 * SECTOR + 20
    within = content.index(raw.mask(b"Person"), start + 60) - 3
    content[start if where == "the first code" else within] = 0x81
    hundred.write_bytes(content)

    with open_file(hundred) as file:
        assert codes(file) == []
        records = list(file.records(129))

        account = file.account(129)
        assert 0 < account.lost < 25
        assert (account.recovered + account.lost, account.recovered) == (100, len(records))
        assert codes(file) == ["records-lost", "unreadable-sectors"]
        assert file.warnings[-1].facts["sectors"] == [6]


def test_blank_records_and_lost_ones_are_told_apart(raw, make_file):
    entries = [e for e in raw.people(100) if e[0][-1] not in (b"\x02", b"\x03")]
    path = make_file(entries, room=ROOM)
    overwrite(path, 8)

    with open_file(path) as file:
        blank = [record.id for record in file.records(129) if not record.values]

        assert blank == [2, 3]
        assert file.account(129).blank == 2
        assert file.account(129).lost > 0


def test_a_file_cut_short_gives_what_is_left(hundred):
    content = hundred.read_bytes()
    hundred.write_bytes(content[: len(content) * 3 // 4])

    with open_file(hundred) as file:
        records = list(file.records(129))

        assert [record.id for record in records] == list(range(1, len(records) + 1))
        assert len(records) > 50
        assert codes(file)[0] == "truncated"
        # The bitmap stood at the end, so how many records there were is not known.
        assert "bitmap-lost" in codes(file)
        assert not file.account(129).expected_is_exact


def test_leaves_in_any_place_are_put_in_order_again(hundred):
    content = hundred.read_bytes()
    sectors = [content[at : at + SECTOR] for at in range(0, len(content), SECTOR)]
    shuffled = sectors[2:]
    random.Random(4).shuffle(shuffled)
    hundred.write_bytes(b"".join([*sectors[:2], *shuffled]))

    with open_file(hundred) as file:
        assert [record.values for record in file.records(129)] == [
            {(1, 1): f"Person {n}"} for n in range(1, 101)
        ]
        assert file.account(129).lost == 0
        assert "damaged" in codes(file)


def test_a_stale_copy_of_a_leaf_doubles_no_record(hundred):
    content = bytearray(hundred.read_bytes())
    content += content[6 * SECTOR : 7 * SECTOR]
    hundred.write_bytes(content)

    with open_file(hundred) as file:
        assert [record.id for record in file.records(129)] == list(range(1, 101))


def test_a_file_cut_short_while_it_is_open_loses_records_and_says_so(hundred):
    with open_file(hundred) as file:
        os.truncate(hundred, 7 * SECTOR)
        records = list(file.records(129))

        account = file.account(129)
        assert account.recovered == len(records) < 100
        assert account.recovered + account.lost == 100
        assert "records-lost" in codes(file)


def test_bytes_after_the_last_sector_do_no_harm(hundred):
    hundred.write_bytes(hundred.read_bytes() + b"trailing")

    with open_file(hundred) as file:
        assert len(list(file.records(129))) == 100
        assert codes(file) == ["damaged"]


def test_a_damaged_root_is_not_needed(hundred):
    overwrite(hundred, 1)

    with open_file(hundred) as file:
        assert len(list(file.records(129))) == 100
        assert codes(file) == ["damaged"]


def test_tables_and_fields_without_their_names_keep_their_records(raw, make_file):
    entries = raw.people(100)
    filler = [((b"\x02",), bytes((n,)), b"filler" * 9) for n in range(1, 40)]
    path = make_file([*filler, *entries], room=ROOM)
    content = path.read_bytes()
    for sector in range(2, len(content) // SECTOR):
        leaf = content[sector * SECTOR : (sector + 1) * SECTOR]
        if raw.mask(b"People") in leaf or raw.entry(b"\x10", raw.mask(b"Name")) in leaf:
            overwrite(path, sector)

    with open_file(path) as file:
        [table] = file.tables()
        assert (table.id, table.name, table.record_count) == (129, "Table 129", 100)
        assert [(field.id, field.name) for field in file.fields(129)] == [(1, "Field 1")]
        assert {"table-name-lost", "field-names-lost"} <= set(codes(file))


def test_leaves_are_sorted_by_their_first_key_with_breaks_between(hundred):
    overwrite(hundred, 5)
    pages = Pages(hundred)

    order = salvage_order(pages, pages.scan())

    assert list(order.pages) == [n for n in range(2, pages.count) if n != 5]
    assert order.breaks == {3}
    assert order.rejected == []
    pages.close()


def test_twenty_overwritten_sectors_of_a_real_file_lose_only_what_stood_there(shared, tmp_path):
    sample = shared / "samples" / "atroup__filemaker-rest-connector__Contacts.fmp12"
    path = tmp_path / "Contacts.fmp12"
    path.write_bytes(sample.read_bytes())
    with open_file(path) as file:
        before = {record.id: record.values for record in file.records(129)}
        sectors = random.Random(3).sample(range(2, file._tree.pages.count), 20)
    for sector in sectors:
        overwrite(path, sector, seed=sector)

    with open_file(path) as file:
        [table] = file.tables()
        after = {record.id: record.values for record in file.records(table.id)}
        account = file.account(table.id)

    changed = {n for n, values in after.items() if values != before[n]}
    assert changed <= set(account.incomplete_ids)
    assert account.recovered + account.lost == account.expected == len(before)
    assert set(after) | set(account.lost_ids) == set(before)
    assert account.lost < 60
