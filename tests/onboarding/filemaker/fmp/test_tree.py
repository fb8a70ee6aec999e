import pytest

from onboarding.filemaker.fmp.errors import DamagedFileError, TruncatedFileError
from onboarding.filemaker.fmp.tree import Tree


@pytest.fixture
def numbers(raw, make_file):
    """A tree of directories 1 to 60 with entries 1 to 20 each, in small leaves."""
    entries = [
        ((bytes((d,)),), bytes((n,)), bytes((d, n, 0))) for d in range(1, 61) for n in range(1, 21)
    ]

    def make(**shape):
        return make_file(entries, room=300, **shape)

    return make


@pytest.mark.parametrize("backwards", [False, True])
def test_a_directory_is_found_wherever_the_first_leaf_lies(numbers, backwards):
    tree = Tree(numbers(backwards=backwards))

    for directory in range(1, 61):
        found = list(tree.entries((bytes((directory,)),)))
        assert [value for _, _, value in found] == [bytes((directory, n, 0)) for n in range(1, 21)]
    assert tree.is_sound
    assert not tree.is_damaged
    tree.close()


def test_entries_beyond_a_key_are_those_after_it(numbers):
    tree = Tree(numbers())

    found = [key for _, key, _ in tree.entries((b"\x07",), after=(b"\x07", b"\x12"))]

    assert found == [b"\x13", b"\x14"]
    tree.close()


def test_one_value_is_found_or_absent(numbers):
    tree = Tree(numbers())

    assert tree.value((b"\x07",), b"\x08") == b"\x07\x08\0"
    assert tree.value((b"\x07",), b"\x99") is None
    assert tree.value((b"\x99",), b"\x01") is None
    tree.close()


def test_a_root_that_is_a_leaf_is_a_tree(raw, tmp_path):
    path = tmp_path / "tiny.fmp12"
    payload = raw.push(b"\x02") + raw.entry(b"\x01", b"abc") + b"\x40\x40"
    path.write_bytes(bytes(raw.header()) + raw.sector(payload, after=1))

    tree = Tree(path)

    assert list(tree.entries((b"\x02",))) == [((b"\x02",), b"\x01", b"abc")]
    assert not tree.is_damaged
    tree.close()


def test_free_sectors_are_not_read(raw, numbers):
    path = numbers()
    content = bytearray(path.read_bytes())
    content += raw.sector(b"\xff" * 9, level=0xFFFF)
    content[4096 + 8 : 4096 + 12] = (len(content) // 4096 - 1).to_bytes(4, "big")
    path.write_bytes(content)

    tree = Tree(path)

    assert tree.is_sound
    assert len(list(tree.entries(()))) == 1200
    tree.close()


def test_a_chain_that_runs_in_a_ring_ends(numbers):
    path = numbers()
    content = bytearray(path.read_bytes())
    content[5 * 4096 + 8 : 5 * 4096 + 12] = (3).to_bytes(4, "big")
    content[3 * 4096 + 4 : 3 * 4096 + 8] = (5).to_bytes(4, "big")
    path.write_bytes(content)

    tree = Tree(path)

    assert len(list(tree.entries(()))) == 1200
    assert tree.is_damaged
    tree.close()


def test_a_file_without_a_readable_leaf_is_damaged_or_truncated(raw, tmp_path):
    path = tmp_path / "none.fmp12"

    path.write_bytes(bytes(raw.header()) + raw.sector(b"", after=1, level=1))
    with pytest.raises(DamagedFileError):
        Tree(path)

    path.write_bytes(bytes(raw.header()) + raw.sector(b"", after=900, level=1))
    with pytest.raises(TruncatedFileError):
        Tree(path)
