"""One record's text as it is staged: a flat JSON object, `"12"` or, from repetition 2 on, `"12:2"`."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from onboarding.imports.values.text import storable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onboarding.filemaker.sources import Cells

Payload = dict[str, str]


def key_of(field_id: int, repetition: int = 1) -> str:
    return str(field_id) if repetition == 1 else f"{field_id}:{repetition}"


def parse_key(key: str) -> tuple[int, int]:
    field_id, _, repetition = key.partition(":")
    return int(field_id), int(repetition) if repetition else 1


def payload_of(values: Cells) -> Payload:
    """Answer the cells in order of field and repetition, storable in PostgreSQL."""
    return {key_of(*where): storable(text) for where, text in sorted(values.items()) if text != ""}


def storable_json(kept: Any) -> Any:
    """Answer the JSON value with every text in it storable: names and examples come from files."""
    if isinstance(kept, str):
        return storable(kept)
    if isinstance(kept, dict):
        return {key: storable_json(value) for key, value in kept.items()}
    if isinstance(kept, list | tuple):
        return [storable_json(value) for value in kept]
    return kept


def dumped(payload: Mapping[str, str]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def hash_of(text: str) -> str:
    """SHA-256 of a dumped payload: tells whether a record has changed since it was last loaded."""
    return hashlib.sha256(text.encode()).hexdigest()


def by_field(payload: Mapping[str, str]) -> dict[int, list[str]]:
    """Answer each field's values that are not empty, in order of repetition."""
    found: dict[int, list[tuple[int, str]]] = {}
    for key, text in payload.items():
        if text.strip():
            field_id, repetition = parse_key(key)
            found.setdefault(field_id, []).append((repetition, text))
    return {field_id: [text for _, text in sorted(texts)] for field_id, texts in found.items()}
