"""What stands in an archive besides the records: its manifest, and what it says to people."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

FORM = "nexus-archive"
VERSION = 2
"""Counts the shapes of the archive. A restore knows this one."""

MANIFEST, README, VERIFY, SEALED = "manifest.json", "README.txt", "verify.py", "sealed.bin"
SEALED_FOR = "sealed part of an archive"
EVIDENCE, KEYS, BINDINGS = "evidence.json", "keys.json", "bindings.json"
"""What else is in the sealed part: the digest of the manifest, the keys of sealed secrets, and which
vendors' accounts lead to the clinic.
"""

VOUCHED_FOR = (
    "form", "version", "archive", "clinic", "written_at", "software", "tables", "sequences", "entries",
)  # fmt: skip
"""What of the manifest the sealed part vouches for."""

CONSISTENCY = (
    "All tables show the clinic at one instant (one read-only transaction). Files were copied "
    "afterwards; each document is named by the checksum of its content, so none can have changed, and "
    "one removed meanwhile is listed under problems."
)
FORMULAS = (
    "A text that begins with = + - @ or a control character has an apostrophe before it, so that no "
    "spreadsheet runs it. Take one apostrophe away from each cell that matches ^'+[=+\\-@\\t\\r\\n] to "
    "have the text as it stood, or read rows/, which has every value as it stood."
)


def evidence_of(manifest: dict[str, Any]) -> str:
    """Answer the digest that the sealed part keeps: who edits a part and its sum here is found out."""
    said = {name: manifest[name] for name in VOUCHED_FOR}
    said["entries"] = [entry for entry in said["entries"] if entry["path"] != SEALED]
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_me(clinic: str, at: str) -> str:
    return _README.format(clinic=clinic, at=at)


def verify_script() -> str:
    """Answer the program that checks an archive with nothing but Python."""
    return Path(__file__).with_name("verify.py").read_text(encoding="utf-8")


_README = """{clinic}: everything, {at}

This archive can be read without Nexus. It holds health information: keep it where only those can
reach it who must.

tables/   One CSV for each kind of record, for people and spreadsheets; columns that end in _id name
          the row of another table. Times are UTC.
rows/     The same tables, and those the database derives, to the last byte: PostgreSQL's COPY text
          (one line a row, tab between values, \\N for no value). manifest.json names the columns of
          each. To load one elsewhere: CREATE TABLE with these columns, then
          \\copy TABLE (COLUMNS) FROM 'rows/TABLE.copy'
fhir/     The clinical records as FHIR R4 (4.0.1), one type a file, one resource a line (NDJSON).
files/    Documents and images as they were stored, where asked for. tables/documents_document.csv
          names each by storage_key, with its title, patient and date.
sealed.bin  What a restore needs and nobody must read: how passwords are kept, the seeds of one-time
          codes, the keys of sealed secrets. It opens on the platform that wrote it, nowhere else.
manifest.json   The SHA-256 and the size of every part, how many rows each table has and what they
          come to, which migrations the tables are at, and what is left out and why.

To check that nothing was damaged or changed, with Python 3.9 or newer and nothing else:

    python3 verify.py THIS_ARCHIVE.zip

It compares every part with manifest.json and then verifies the audit trail by its seals, as anybody
can: each event's header is hashed with the commitment to what it recorded, the hashes of a seal's
events fold into one root, and each seal's hash takes in the one before it, so that no event can be
changed, added or taken away without breaking the chain. The rules stand in verify.py, in Python.

To restore it into a new clinic: nexus tenants restore ADDRESS --archive THIS_ARCHIVE.zip
"""
