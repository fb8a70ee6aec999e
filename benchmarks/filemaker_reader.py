"""The FileMaker reader against a plain reading of the same file: speed, and memory on big files.

    python benchmarks/filemaker_reader.py                 # a record-dense file and a demo clinic
    python benchmarks/filemaker_reader.py --memory-mb 300 # peak memory on a file of 300 MB
    python benchmarks/filemaker_reader.py --gigabyte      # the same on 1 GB
    python benchmarks/filemaker_reader.py --file X.fmp12  # on a file of one's own

The plain reading follows the format in the most obvious way: every sector from the first leaf to
the last, one call per entry, text decoded character by character. Both must find the same cells.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.fmp.writer import Field, FmpWriter, Record, Solution, Table

SECTOR = 4096
MB = 1_000_000
GIGABYTE_MB = 1000
ROUNDS = 3
AT_LEAST_MB_PER_SECOND = 8
AT_MOST_MB_OF_MEMORY = 150
GIVEN = ("Ada", "Béla", "Chloé", "Dmitri", "Esi", "Fumiko", "Goran", "Hana", "Ivo", "Jörg")
FIELDS = ("Id", "Given", "Family", "Born", "Street", "Suburb", "State", "Postcode", "Phone")
FIELDS += ("Mobile", "Mail", "Fund", "Number", "Changed")
FAMILY = ("Abbott", "Brûlé", "Castellanos", "Dvořák", "Eriksen", "Fitzgerald", "García", "Huang")


# --- the plain reading ------------------------------------------------------------------------


def plain_sectors(content: bytes) -> Iterator[bytes]:
    number = 1
    while True:
        sector = content[number * SECTOR : (number + 1) * SECTOR]
        if int.from_bytes(sector[12:14], "big") == 0:
            break
        number = int.from_bytes(next(plain_entries(sector))[2], "big")
    while True:
        yield sector
        number = int.from_bytes(sector[8:12], "big")
        if number == 0:
            return
        sector = content[number * SECTOR : (number + 1) * SECTOR]


def plain_entries(sector: bytes) -> Iterator[tuple[list[bytes], bytes, bytes]]:
    payload = sector[20 : SECTOR - int.from_bytes(sector[14:16], "big")]
    path: list[bytes] = []
    at = 0
    while at < len(payload):
        code = payload[at]
        at += 1
        if code == 0x40:
            if path:
                path.pop()
            continue
        if code == 0x80:
            continue
        code &= 0x3F
        key_class = (code >> 3) & 3
        if key_class < 3:
            size = key_class + 1
        else:
            size = payload[at] or 1
            at += 1
        key = payload[at : at + size]
        at += size
        if code & 0x20:
            path.append(key)
            continue
        value_class = code & 7
        if value_class == 6:
            size = payload[at]
            at += 1
        elif value_class == 7:
            size = int.from_bytes(payload[at : at + 2], "big")
            at += 2
        else:
            size = (0, 1, 2, 4, 6, 8)[value_class]
        yield list(path), key, payload[at : at + size]
        at += size


def plain_number(key: bytes) -> tuple[int, int]:
    """Return the number a key starts with, and its length."""
    if key[0] < 0x80:
        return key[0], 1
    if key[0] < 0xC0:
        return ((key[0] & 0x3F) << 8 | key[1]) + 128, 2
    if key[0] < 0xE0:
        return ((key[0] & 0x1F) << 16 | key[1] << 8 | key[2]) + 16_512, 3
    return (int.from_bytes(key[:4], "big") & 0x0FFFFFFF) + 2_113_664, 4


def plain_text(value: bytes) -> str:  # noqa: C901, PLR0912, PLR0915 - a state machine, spelt out
    raw = bytes(byte ^ 0x5A for byte in value)
    static = (0x0000, 0x0080, 0x0100, 0x0300, 0x2000, 0x2080, 0x2100, 0x3000)
    windows = [0x0080, 0x00C0, 0x0400, 0x0600, 0x0900, 0x3040, 0x30A0, 0xFF00]
    special = {0xF9: 0xC0, 0xFA: 0x250, 0xFB: 0x370, 0xFC: 0x530, 0xFD: 0x3040, 0xFE: 0x30A0}
    special[0xFF] = 0xFF60
    window = 0
    unicode_mode = False
    units: list[str] = []
    at = 0

    def offset(code: int) -> int:
        if code in special:
            return special[code]
        return code * 0x80 if code < 0x68 else code * 0x80 + 0xAC00

    while at < len(raw):
        byte = raw[at]
        at += 1
        if unicode_mode:
            if 0xE0 <= byte < 0xE8:
                window, unicode_mode = byte - 0xE0, False
            elif 0xE8 <= byte < 0xF0:
                window, unicode_mode = byte - 0xE8, False
                windows[window] = offset(raw[at])
                at += 1
            elif byte == 0xF0:
                units.append(chr(raw[at] << 8 | raw[at + 1]))
                at += 2
            else:
                units.append(chr(byte << 8 | raw[at]))
                at += 1
        elif byte >= 0x80:
            units.append(chr(windows[window] + byte - 0x80))
        elif byte >= 0x20 or byte in b"\x00\x09\x0a\x0d":
            units.append(chr(byte))
        elif byte < 0x09:
            quoted = raw[at]
            at += 1
            base = static[byte - 1] if quoted < 0x80 else windows[byte - 1] - 0x80
            units.append(chr(base + quoted))
        elif byte == 0x0B:
            window = raw[at] >> 5
            windows[window] = 0x10000 + 0x80 * ((raw[at] & 0x1F) << 8 | raw[at + 1])
            at += 2
        elif byte == 0x0E:
            units.append(chr(raw[at] << 8 | raw[at + 1]))
            at += 2
        elif byte == 0x0F:
            unicode_mode = True
        elif byte < 0x18:
            window = byte - 0x10
        else:
            window = byte - 0x18
            windows[window] = offset(raw[at])
            at += 1
    return "".join(units).encode("utf-16-be", "surrogatepass").decode("utf-16-be")


def read_plainly(path: Path) -> tuple[int, int]:
    """Return how many cells there are and how many characters are in them."""
    cells = characters = 0
    record: dict[tuple[int, ...], str] = {}
    long: dict[bytes, list[bytes]] = {}
    place: list[bytes] = []

    def finish() -> None:
        nonlocal cells, characters
        for key, pieces in long.items():
            record[plain_number(key)] = plain_text(b"".join(pieces))
        cells += sum(1 for text in record.values() if text)
        characters += sum(len(text) for text in record.values())
        record.clear()
        long.clear()

    for sector in plain_sectors(path.read_bytes()):
        for steps, key, value in plain_entries(sector):
            if len(steps) < 3 or steps[1] != b"\x05" or steps[0] < b"\x80\x01":
                continue
            if steps[:3] != place:
                finish()
                place = steps[:3]
            if len(steps) == 3 and key[0] < 0xC0:
                number, size = plain_number(key)
                repetition = plain_number(key[size:])[0] if len(key) > size else 1
                record[number, repetition] = plain_text(value)
            elif len(steps) == 4 and key != b"\x00":
                long.setdefault(steps[3], []).append(value)
    finish()
    return cells, characters


# --- ours -------------------------------------------------------------------------------------


def read_with_ours(path: Path) -> tuple[int, int]:
    cells = characters = 0
    with open_file(path) as file:
        for table in file.tables():
            for record in file.records(table.id):
                lengths = [len(text) for text in record.values.values()]
                cells += len(lengths) - lengths.count(0)
                characters += sum(lengths)
    return cells, characters


def best_time(read: Callable[[Path], tuple[int, int]], path: Path) -> tuple[float, tuple[int, int]]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = read(path)
        times.append(time.perf_counter() - began)
    return min(times), answer


# --- files to read ----------------------------------------------------------------------------


def write_dense_file(path: Path, records: int) -> None:
    """Write a table of 14 short fields, the densest thing a clinic's file has."""
    fields = tuple(Field(number, name) for number, name in enumerate(FIELDS, 1))
    chance = random.Random(1)
    solution = Solution(tables=(Table(129, "Patients", fields),))
    with FmpWriter(path, solution) as file:
        file.write_records(
            "Patients", (_patient(number, chance) for number in range(1, records + 1))
        )


def _patient(number: int, chance: random.Random) -> Record:
    given, family = chance.choice(GIVEN), chance.choice(FAMILY)
    texts = (
        f"P{number:06}",
        given,
        family,
        f"{chance.randint(1, 28)}/{chance.randint(1, 12)}/{chance.randint(1930, 2020)}",
        f"{chance.randint(1, 300)} Example Street",
        "Sampleton",
        "NSW",
        str(chance.randint(2000, 2999)),
        f"02 5550 {chance.randint(0, 9999):04}",
        f"0491 570 {chance.randint(0, 999):03}",
        f"patient{number}@example.com",
        "Private",
        str(chance.randint(10**9, 10**10)),
        f"{chance.randint(1, 28)}/11/2026 9:{chance.randint(10, 59)}:00 AM",
    )
    return Record(number, dict(zip(FIELDS, texts, strict=True)), chance.randint(0, 40))


def write_clinic(path: Path, megabytes: int) -> None:
    from onboarding.filemaker.demo_clinic import write_demo_clinic

    write_demo_clinic(path, factor=max(1, round(megabytes / 10.9)))


# --- what is measured -------------------------------------------------------------------------


def compare(name: str, path: Path) -> bool:
    size = path.stat().st_size / MB
    plain, plain_answer = best_time(read_plainly, path)
    ours, our_answer = best_time(read_with_ours, path)
    assert our_answer == plain_answer, f"{name}: {our_answer} cells, plainly {plain_answer}"
    print(
        f"{name}: {size:.1f} MB, {our_answer[0]:,} cells\n"
        f"  plain   {size / plain:7.1f} MB/s   {plain / our_answer[0] * 1e6:6.2f} µs a cell\n"
        f"  ours    {size / ours:7.1f} MB/s   {ours / our_answer[0] * 1e6:6.2f} µs a cell"
        f"   {plain / ours:.1f} times as fast"
    )
    return size / ours >= AT_LEAST_MB_PER_SECOND


def measure_memory(path: Path) -> bool:
    """Read all records and all container bytes in a child process; print its peak memory."""
    command = [sys.executable, __file__, "--read-in-this-process", str(path)]
    began = time.perf_counter()
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    took = time.perf_counter() - began
    size = path.stat().st_size / MB
    peak = float(answer.split()[-1])
    print(
        f"{size:.0f} MB, records and containers: {took:.1f} s ({size / took:.1f} MB/s), "
        f"peak memory {peak:.0f} MB"
    )
    return peak < AT_MOST_MB_OF_MEMORY


def read_in_this_process(path: Path) -> None:
    read_with_ours(path)
    with open_file(path) as file:
        for table in file.tables():
            for container in file.containers(table.id):
                for stream in container.streams:
                    for _ in container.chunks(stream):
                        pass
    print(peak_memory())


def peak_memory() -> float:
    """Return this process's peak memory in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: a child starts with the peak of the parent it was forked from.
        [line] = [one for one in status.read_text().splitlines() if one.startswith("VmHWM")]
        return int(line.split()[1]) * 1024 / MB
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="measure this file instead")
    parser.add_argument("--records", type=int, default=40_000, help="records in the dense file")
    parser.add_argument("--memory-mb", type=int, default=60, help="size of the file for memory")
    parser.add_argument("--gigabyte", action="store_true", help="the same as --memory-mb 1000")
    parser.add_argument("--read-in-this-process", type=Path, help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args()
    if options.read_in_this_process:
        read_in_this_process(options.read_in_this_process)
        return 0
    if options.file:
        good = compare(options.file.name, options.file)
        return 0 if measure_memory(options.file) and good else 1
    with tempfile.TemporaryDirectory() as folder:
        dense, clinic = Path(folder, "dense.fmp12"), Path(folder, "clinic.fmp12")
        write_dense_file(dense, options.records)
        good = compare("records only", dense)
        write_clinic(clinic, 10)
        compare("demo clinic", clinic)
        write_clinic(clinic, GIGABYTE_MB if options.gigabyte else options.memory_mb)
        good = measure_memory(clinic) and good
    if not good:
        print(f"below {AT_LEAST_MB_PER_SECOND} MB/s, or {AT_MOST_MB_OF_MEMORY} MB and more")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
