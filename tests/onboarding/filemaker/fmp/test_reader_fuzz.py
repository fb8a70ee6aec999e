"""Damage of every kind, at random from fixed seeds: only named errors and warnings come out."""

import json
import random
import time

import pytest

from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.filemaker.fmp.inspect import inspect_file
from onboarding.filemaker.fmp.reader import open_file

SECTOR = 4096
ONE_FILE_SECONDS = 10
SAMPLES_SECONDS = 8
LARGEST_SAMPLE = 700_000


def change_bytes(content, chance):
    for _ in range(chance.choice((1, 10, 300))):
        content[chance.randrange(len(content))] = chance.randrange(256)


def cut_off(content, chance):
    del content[chance.randrange(len(content)) :]


def overwrite_sectors(content, chance):
    for _ in range(chance.choice((1, 5, 20))):
        at = chance.randrange(len(content) // SECTOR) * SECTOR
        content[at : at + SECTOR] = chance.randbytes(SECTOR)


def change_sector_heads(content, chance):
    for _ in range(chance.choice((1, 5, 50))):
        at = chance.randrange(1, len(content) // SECTOR) * SECTOR + chance.randrange(16)
        content[at] = chance.randrange(256)


def link_sectors_at_random(content, chance):
    count = len(content) // SECTOR
    for _ in range(chance.choice((1, 10))):
        at = chance.randrange(1, count) * SECTOR + chance.choice((4, 8))
        content[at : at + 4] = chance.randrange(count + 2).to_bytes(4, "big")


def swap_sectors(content, chance):
    for _ in range(10):
        one, other = (chance.randrange(1, len(content) // SECTOR) * SECTOR for _ in range(2))
        content[one : one + SECTOR], content[other : other + SECTOR] = (
            content[other : other + SECTOR],
            content[one : one + SECTOR],
        )


def change_payload_starts(content, chance):
    for _ in range(chance.choice((1, 20))):
        at = chance.randrange(1, len(content) // SECTOR) * SECTOR + 20 + chance.randrange(60)
        content[at] = chance.randrange(256)


def insert_bytes(content, chance):
    at = chance.randrange(len(content))
    content[at:at] = chance.randbytes(chance.randrange(1, 20))


DAMAGES = [
    change_bytes,
    cut_off,
    overwrite_sectors,
    change_sector_heads,
    link_sectors_at_random,
    swap_sectors,
    change_payload_starts,
    insert_bytes,
]


def read_everything(path):
    """Read all that can be asked of a file; return its answer as JSON, or the named error's."""
    began = time.monotonic()
    try:
        answer = inspect_file(path)
        with open_file(path) as file:
            file.relationships(), file.value_lists(), file.external_sources()
            file.locale(), file.saved_by()
            for table in file.tables():
                file.global_values(table.id)
                assert len(list(file.records(table.id))) == file.account(table.id).recovered
    except FileMakerFileError as error:
        answer = error.as_json()
        assert answer["code"] != "unreadable"
    assert time.monotonic() - began < ONE_FILE_SECONDS
    return json.dumps(answer, ensure_ascii=False).encode()


@pytest.fixture
def made(raw, make_file):
    """A small file with something of everything in it."""
    table = b"\x80\x01"
    here = (table, b"\x1f", b"\x05", b"\x05")
    long = (table, b"\x05", b"\x07", b"\x02")
    entries = raw.people(60)
    entries += [
        (here, b"\x02", b"\x00\x01FILE\x00\x00\x06\x40"),
        ((*here, b"FILE"), b"\x00", b"\x00\x00\x06\x40"),
        ((*here, b"FILE"), b"\x01", b"x" * 1000),
        ((*here, b"FILE"), b"\x02", b"y" * 600),
        (long, b"\x00", b"\x00\x00\x02\x58\x00\x00\x01\x2c"),
        (long, b"\x01", raw.mask(b"\x0f" + "漢字".encode("utf-16-be") * 150)[:600]),
        ((table, b"\x08"), b"\x03", raw.mask(b"global")),
        ((b"\x03", b"\xfb", b"\x05", b"\x01"), b"\x02", b"\x02\x01\x01\x02\x01\x02"),
        ((b"\x03", b"\xfb", b"\x05", b"\x01", b"\x03"), b"\x01", b"\x00\x02\x01\x01\x02\x01\x01"),
        ((b"\x21", b"\x05", b"\x01"), b"\x03", raw.mask(b"Yes\rNo")),
        ((b"\x21", b"\x05", b"\x01"), b"\x10", raw.mask(b"YN")),
    ]
    return make_file(entries, room=260)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_read_or_refused_by_name(made, damage):
    sound = made.read_bytes()
    answers = set()

    for seed in range(40):
        content = bytearray(sound)
        damage(content, random.Random(f"{damage.__name__} {seed}"))
        made.write_bytes(content)
        answers.add(read_everything(made))

    assert len(answers) > 5, "the damage made no difference: the test is not looking"


def test_damaged_samples_are_read_or_refused_by_name(shared, tmp_path):
    samples = [
        sample.read_bytes()
        for sample in sorted((shared / "samples").iterdir())
        if sample.stat().st_size < LARGEST_SAMPLE
    ]
    chance = random.Random(20261121)
    path = tmp_path / "damaged.fmp12"
    ends = time.monotonic() + SAMPLES_SECONDS
    tried = 0

    while time.monotonic() < ends and tried < 300:
        content = bytearray(chance.choice(samples))
        chance.choice(DAMAGES)(content, chance)
        path.write_bytes(content)
        read_everything(path)
        tried += 1

    assert tried > 10
