"""Checks a Nexus archive with nothing but Python: every part's checksum, then the audit trail's seals.

    python3 verify.py ARCHIVE.zip

This file stands in the archive as well, so it imports nothing of Nexus. What is hashed, and how:

leaf       = SHA256(0x00, header, commitment)         header: netstrings, see HEADER
commitment = SHA256(0x01, salt, payload)
h          = SHA256(0x02, previous h, netstrings of clinic, n, count, time and ids, root)
node       = SHA256(0x03, left, right); an odd node goes up as it is
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import zipfile
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    Said = dict[str, Any]
    Row = dict[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - runs with Python 3.9 as well
HEADER = (
    "id", "at", "tx", "actor_id", "actor_label", "impersonator", "action", "object_type", "object_id",
    "subject_id", "result", "request_id",
)  # fmt: skip
BLOCK = 1024 * 1024
SHORT_OFFSET = 3
ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def netstrings(parts: Iterable[str]) -> bytes:
    return b"".join(b"%d:%b" % (len(part), part) for part in (text.encode() for text in parts))


def microseconds(text: str) -> int:
    """Count from 1970 UTC; PostgreSQL writes the offset as +00."""
    text = text + ":00" if text[-SHORT_OFFSET] in "+-" else text
    whole, _, rest = text.partition(".")
    if rest:
        part, offset = rest[:-6], rest[-6:]
        text = whole + "." + part.ljust(6, "0") + offset
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def octets(text: str) -> bytes:
    return bytes.fromhex(text[2:])  # \x…


def rows(archive: zipfile.ZipFile, manifest: Said, table: str) -> Iterator[Row]:
    """Read a table's COPY text: a line a row, a tab between values, and escapes."""
    columns = manifest["tables"][table]["columns"]
    with archive.open(manifest["tables"][table]["path"]) as raw:
        for line in io.TextIOWrapper(raw, encoding="utf-8", newline="\n"):
            values = line.rstrip("\n").split("\t")
            yield dict(zip(columns, map(unescaped, values)))  # noqa: B905 - Python 3.9


def unescaped(text: str) -> str | None:
    if text == "\\N":
        return None
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)


def check_parts(archive: zipfile.ZipFile, manifest: Said) -> Iterator[str]:
    """Compare every part with what the manifest says of it."""
    named = {entry["path"]: entry for entry in manifest["entries"]}
    there = set(archive.namelist()) - {"manifest.json"}
    for path in sorted(there ^ set(named)):
        yield f"{path}: {'not in the manifest' if path in there else 'missing'}"
    for path in sorted(there & set(named)):
        digest, size = hashlib.sha256(), 0
        with archive.open(path) as part:
            while block := part.read(BLOCK):
                digest.update(block)
                size += len(block)
        if digest.hexdigest() != named[path]["sha256"] or size != named[path]["bytes"]:
            yield f"{path}: damaged or changed"


def leaf_of(event: Row) -> bytes:
    header = dict(event, at=str(microseconds(event["at"])))
    return sha256(b"\x00", netstrings(header[name] for name in HEADER), octets(event["commitment"]))


def root_of(leaves: list[bytes]) -> bytes:
    level = list(leaves)
    while len(level) > 1:
        odd = [level.pop()] if len(level) % 2 else []
        level = [sha256(b"\x03", *level[at : at + 2]) for at in range(0, len(level), 2)] + odd
    return level[0]


def check_trail(archive: zipfile.ZipFile, manifest: Said) -> Iterator[str]:
    """Verify the audit trail: events in their seals, seals in their chain, payloads as committed."""
    events = {row["id"]: row for row in rows(archive, manifest, "audit_event")}
    queued = {row["event_id"] for row in rows(archive, manifest, "audit_queue")}
    origins = [(int(row["upto"]), row["clinic"]) for row in rows(archive, manifest, "audit_origin")]
    previous, sealed, number = bytes(32), set(), 0
    seals = sorted(rows(archive, manifest, "audit_seal"), key=lambda row: int(row["n"]))
    for seal in seals:
        number += 1
        ids = [part for part in seal["ids"].strip("{}").split(",") if part]
        clinic = next(
            (made for upto, made in sorted(origins) if int(seal["n"]) <= upto),
            str(manifest["clinic"]["id"]),
        )
        about = (
            clinic,
            seal["n"],
            str(len(ids)),
            str(microseconds(seal["sealed_at"])),
            ",".join(ids),
        )
        expected = sha256(b"\x02", previous, netstrings(about), octets(seal["root"]))
        if int(seal["n"]) != number or octets(seal["h"]) != expected:
            yield f"seal {seal['n']}: the chain is broken here"
        missing = [event for event in ids if event not in events]
        if missing:
            yield f"seal {seal['n']}: events {', '.join(missing[:5])} are gone"
        elif root_of([leaf_of(events[event]) for event in ids]) != octets(seal["root"]):
            yield f"seal {seal['n']}: one of its events was changed"
        previous, number = octets(seal["h"]), int(seal["n"])
        sealed.update(ids)
    strays = set(events) - sealed - queued
    if strays:
        yield f"{len(strays)} events are in no seal and wait for none"
    yield from check_payloads(archive, manifest, events)


def check_payloads(
    archive: zipfile.ZipFile, manifest: Said, events: dict[str, Row]
) -> Iterator[str]:
    open_ends = {number for number, event in events.items() if octets(event["commitment"])}
    for row in rows(archive, manifest, "audit_payload"):
        number = row["event_id"]
        open_ends.discard(number)
        made = sha256(b"\x01", octets(row["salt"]), row["body"].encode())
        if number not in events or made != octets(events[number]["commitment"]):
            yield f"event {number}: what it recorded was changed"
    erased = {row["event_id"] for row in rows(archive, manifest, "audit_erasure")}
    for number in sorted(open_ends - erased, key=int):
        yield f"event {number}: what it recorded is gone, and no erasure says so"


def main(path: str | Path) -> int:
    say = sys.stdout.write
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        found = list(check_parts(archive, manifest))
        if not found:
            found = list(check_trail(archive, manifest))
        for line in found:
            say(f"WRONG  {line}\n")
        count = len(manifest["entries"])
        seals = manifest["tables"]["audit_seal"]["rows"]
        if not found:
            say(f"All {count} parts are as they were written, and {seals} seals hold.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
