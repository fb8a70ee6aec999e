import io
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding.filemaker.fmp.writer import grammar
from onboarding.filemaker.fmp.writer.tree import (
    EntryTooLargeError,
    OutOfOrderError,
    TreeWriter,
)

SHARED = Path(os.environ.get("NEXUS_SHARED", Path(__file__).parents[6] / "shared"))
COMPONENT = st.binary(min_size=1, max_size=6)


def write_tree(path, entries):
    with path.open("wb") as file:
        file.write(grammar.header_sector())
        tree = TreeWriter(file)
        for steps, key, value in entries:
            tree.put(steps, key, value)
        return tree.close()


def without_conflicts(places):
    """Sorted places of which none is the beginning of another."""
    kept = []
    for place in sorted(places):
        if not kept or place[: len(kept[-1])] != kept[-1]:
            kept.append(place)
    return kept


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    places=st.sets(st.lists(COMPONENT, min_size=1, max_size=5).map(tuple), min_size=1),
    size=st.integers(0, 1200),
)
def test_whatever_is_put_in_comes_out_in_order(tmp_path, entries_of, places, size):
    entries = [
        (place[:-1], place[-1], bytes((nth % 256,)) * (size * nth % 1201))
        for nth, place in enumerate(without_conflicts(places))
    ]

    write_tree(tmp_path / "tree", entries)

    assert entries_of(tmp_path / "tree") == entries


def test_a_small_tree_has_one_leaf_and_a_root(tmp_path, sectors):
    last = write_tree(tmp_path / "tree", [((b"\x02",), b"\x03", b"12.0")])

    pages = sectors(tmp_path / "tree").pages
    assert last == 2
    assert {number: page.level for number, page in pages.items()} == {1: 1, 2: 0}


def test_a_large_tree_has_index_pages_above_index_pages(tmp_path, sectors, entries_of):
    entries = [
        ((b"\x81\x01", b"\x05", number.to_bytes(3, "big")), b"long key %d" % number, bytes(900))
        for number in range(3_000)
    ]

    last = write_tree(tmp_path / "tree", entries)

    assert entries_of(tmp_path / "tree") == entries
    pages = sectors(tmp_path / "tree").pages
    assert pages[1].level == 2
    assert len(pages) == last
    assert sum(page.level == 1 for page in pages.values()) > 1


def test_a_tree_of_long_keys_grows_a_third_index_level(tmp_path, sectors, entries_of):
    entries = [
        ((b"\x81\x01", b"\x01"), bytes((number >> 8, number & 255)) * 100, bytes(1000))
        for number in range(2_500)
    ]

    write_tree(tmp_path / "tree", entries)

    assert entries_of(tmp_path / "tree") == entries
    assert sectors(tmp_path / "tree").pages[1].level == 3


def test_directories_open_with_a_mark_and_close_with_a_pop(tmp_path, sectors):
    write_tree(tmp_path / "tree", [((b"\x02",), b"\x03", b""), ((b"\x03", b"\x10"), b"\x01", b"")])

    kinds = [item.kind for item in sectors(tmp_path / "tree").pages[2].items]
    assert kinds == [
        *("start", "push", "start", "entry", "pop"),
        *("push", "start", "push", "start", "entry", "pop", "pop", "pop"),
    ]


@pytest.mark.parametrize(
    "second",
    [
        ((b"\x02",), b"\x03"),
        ((b"\x02",), b"\x02"),
        ((b"\x01",), b"\x04"),
        ((b"\x02", b"\x03"), b"\x01"),
        ((), b"\x02"),
    ],
)
def test_an_entry_behind_its_place_is_refused(second):
    tree = TreeWriter(io.BytesIO())
    tree.put((b"\x02",), b"\x03", b"")

    with pytest.raises(OutOfOrderError, match=r"must stand behind 02\.03"):
        tree.put(*second, b"")


def test_an_entry_larger_than_a_page_is_refused():
    tree = TreeWriter(io.BytesIO())

    with pytest.raises(EntryTooLargeError, match="5000 bytes"):
        tree.put((b"\x02",), b"\x03", bytes(5000))


@pytest.mark.parametrize(
    "name",
    [
        "davidhamann__python-fmrest__test_database.fmp12",
        "SoliantMike__FM-CombinePDFs__CombinePDFs.fmp12",
        "evanmiller__fmptools__data.fp7",
    ],
)
def test_real_files_meet_the_same_conditions(entries_of, name):
    # Not every real file does: after years of edits some bounds lie behind a directory's end.
    real = SHARED / "filemaker/samples" / name
    if not real.exists():
        pytest.skip(f"the sample files are not there ({real})")

    assert entries_of(real)
