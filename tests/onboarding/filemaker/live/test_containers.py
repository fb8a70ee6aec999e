import gc
import io
from itertools import pairwise

import pytest

from onboarding.filemaker.fmp import varint
from onboarding.filemaker.live.containers import ObjectIds, cell_of, fetch_object
from onboarding.filemaker.live.transport import Answer
from onboarding.filemaker.sources import ContainerRef

SLOTS = [(5, 1), (5, 2), (9, 1)]


def test_each_place_has_a_number_of_its_own_that_leads_back():
    ids = ObjectIds(SLOTS)
    places = [(record, *slot) for record in (1, 2, 77, 40_000_000) for slot in SLOTS]

    numbers = [ids.of(place) for place in places]

    assert len(set(numbers)) == len(places)
    assert [ids.place(number) for number in numbers] == places


def test_a_number_does_not_depend_on_what_was_read_before():
    assert ObjectIds(SLOTS).of((77, 9, 1)) == ObjectIds(SLOTS).of((77, 9, 1)) == 233


def test_record_ids_beyond_the_keys_of_a_file_are_numbered_from_the_far_end():
    ids = ObjectIds(SLOTS)
    places = [(10**12 + turn, 5, 1) for turn in range(5)]
    numbers = [ids.of(place) for place in [*places, *places]]

    assert numbers[:5] == numbers[5:]
    assert [ids.place(number) for number in numbers[:5]] == places
    assert all(number <= varint.MAXIMUM for number in numbers)


def test_a_table_without_containers_has_no_places():
    assert ObjectIds([]).place(5) is None


@pytest.mark.parametrize("number", [0, 1, 127, 128, 16_511, 16_512, 2_113_664, varint.MAXIMUM])
def test_a_cell_reads_as_the_file_would_write_it(number):
    assert ContainerRef.from_cell(cell_of(number)) == ContainerRef(object_id=number)


def made(content, headers=None, url="https://x/Streaming_SSL/MainDB/0A.jpg?RCType=X"):
    def fetch(into: io.BytesIO):
        into.write(content)
        return Answer(200, headers or {}, b"")

    return fetch_object(7, fetch, url=url)


@pytest.mark.parametrize(
    ("content", "main", "kind"),
    [
        (b"%PDF-1.7 x", "PDF ", "file"),
        (b"\x89PNG\r\n\x1a\nx", "PNGf", "image"),
        (b"\xff\xd8\xff\xe0", "JPEG", "image"),
        (b"GIF89a", "GIFf", "image"),
        (b"plain", "FILE", "file"),
        (b"", "FILE", "file"),
    ],
)
def test_what_a_container_holds_is_told_by_its_first_bytes(content, main, kind):
    found = made(content)

    assert (found.main, found.kind, found.size, found.read()) == (main, kind, len(content), content)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="Referral 7.pdf"', "Referral 7.pdf"),
        ("attachment; filename=a.pdf", "a.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=UTF-8''B%C3%A4r.pdf", "Bär.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\x\\\\a.pdf"', "a.pdf"),
        ("inline", "0A.jpg"),
        ("", "0A.jpg"),
    ],
)
def test_its_name_comes_from_the_header_or_the_address_without_folders(header, name):
    assert made(b"x", {"content-disposition": header}).file_name == name


def test_large_files_are_kept_on_disk_and_read_in_pieces():
    content = bytes(range(256)) * 20_000
    found = made(content)
    pieces = list(found.chunks())

    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 64 * 1024
    assert all(len(first) == 64 * 1024 for first, _ in pairwise(pieces))
    del found
    gc.collect()  # a file left open would be a warning, and warnings are errors here


def test_two_readers_of_one_object_do_not_disturb_each_other():
    content = bytes(range(256)) * 1_000
    found = made(content)

    assert all(a == b for a, b in zip(found.chunks(), found.chunks(), strict=True))
