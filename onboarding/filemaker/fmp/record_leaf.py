"""The records in one leaf, parsed in one tight loop.

This is `grammar.entries` specialised for what nearly all leaves of a clinic's file hold: records
of short one-byte text. The whole payload is unmasked and made text once, so a cell without SCSU
tags is a slice of it. Tests hold the two parsers to the same answer.
"""

# ruff: noqa: PLR2004 - the codes of the grammar, spelt as they stand in the file: a name per
# code costs a global look-up per cell.

from onboarding.filemaker.fmp import scsu, varint
from onboarding.filemaker.fmp.grammar import VALUE_SIZES, BadPageError
from onboarding.filemaker.fmp.text import XOR

CellKey = tuple[int, int]
Segments = list[tuple[bytes, str]]
# Record key, cells, long cells by raw field key; of what this leaf holds of the record.
RawRecord = tuple[bytes, dict[CellKey, str], dict[bytes, Segments] | None]

MODIFICATIONS: CellKey = (0xFC, 0)
METADATA: CellKey = (-1, 0)

_ONE_BYTE_KEYS: tuple[CellKey, ...] = tuple(
    (key, 1) if key < varint.TWO_BYTES_FROM else METADATA for key in range(256)
)
_KEYS = tuple(MODIFICATIONS if n == MODIFICATIONS[0] else k for n, k in enumerate(_ONE_BYTE_KEYS))
_has_tags = scsu.TAGS_IN_LATIN_1.search

_LONG_KEYS: dict[bytes, CellKey] = {}
_MAX_LONG_KEYS = 50_000


def cell_key(key: bytes) -> CellKey:
    """Return (field id, repetition) of a cell's key; `METADATA` where it is not a cell's."""
    known = _LONG_KEYS.get(key)
    if known is None:
        numbers = varint.split(key)
        if numbers is None or len(numbers) > 2:
            known = METADATA
        else:
            known = (numbers[0], 1) if len(numbers) == 1 else (numbers[0], numbers[1])
        if len(_LONG_KEYS) > _MAX_LONG_KEYS:
            _LONG_KEYS.clear()
        _LONG_KEYS[key] = known
    return known


def records_in(  # noqa: C901, PLR0912, PLR0915 - one loop on purpose: a call per cell halves it
    payload: bytes, at: int, garbled: list[str]
) -> tuple[list[RawRecord], bool]:
    """Return the records of `payload` from `at`, which is inside a table's record directory.

    The second answer tells whether the directory ends in this leaf. Cells that are not SCSU are
    added to `garbled` and stand with U+FFFD. Raises BadPageError.
    """
    end = len(payload)
    text = payload.translate(XOR).decode("latin-1")
    keys = _KEYS
    sizes = VALUE_SIZES
    found: list[RawRecord] = []
    before = b""
    try:
        while at < end:
            code = payload[at]
            if code == 0x28:
                record_key = payload[at + 1 : at + 3]
                at += 3
            elif code == 0x30:
                record_key = payload[at + 1 : at + 4]
                at += 4
            elif code == 0x20:
                record_key = payload[at + 1 : at + 2]
                at += 2
            elif code == 0x38:
                record_key = payload[at + 2 : at + 2 + payload[at + 1]]
                at += 2 + payload[at + 1]
            elif code == 0x80:
                at += 1
                continue
            elif code == 0x40:
                return found, True
            else:
                at = _skip_entry(payload, at)
                continue

            if record_key <= before:
                raise BadPageError
            before = record_key
            cells: dict[CellKey, str] = {}
            longs: dict[bytes, Segments] | None = None
            found.append((record_key, cells, longs))
            while at < end:
                code = payload[at]
                if code == 6:
                    start = at + 3
                    at = start + payload[start - 1]
                    value = text[start:at]
                    if value.isprintable() or _has_tags(value) is None:
                        cells[keys[payload[start - 2]]] = value
                    else:
                        key = keys[payload[start - 2]]
                        cells[key] = _decoded(value, garbled) if key[1] else value
                elif 0 < code < 6:
                    start = at + 2
                    at = start + sizes[code]
                    value = text[start:at]
                    if value.isprintable() or _has_tags(value) is None:
                        cells[keys[payload[start - 1]]] = value
                    else:
                        key = keys[payload[start - 1]]
                        cells[key] = _decoded(value, garbled) if key[1] else value
                elif code == 0x40:
                    at += 1
                    break
                elif code == 0x80:
                    at += 1
                elif code & 0x20:
                    key_start, key_end = _key_span(payload, at)
                    if longs is None:
                        longs = {}
                        found[-1] = (record_key, cells, longs)
                    segments = longs.setdefault(payload[key_start:key_end], [])
                    at = _segments(payload, text, key_end, segments)
                else:
                    key_start, key_end = _key_span(payload, at)
                    start, at = _value_span(payload, key_end, code & 7)
                    if at > start:
                        key = cell_key(payload[key_start:key_end])
                        value = text[start:at]
                        cells[key] = _decoded(value, garbled) if key[1] else value
    except IndexError:
        raise BadPageError from None
    if at > end:
        raise BadPageError
    return found, False


def _decoded(value: str, garbled: list[str]) -> str:
    decoded, sound = scsu.decode_leniently(value.encode("latin-1"))
    if not sound:
        garbled.append(value)
    return decoded


def _key_span(payload: bytes, at: int) -> tuple[int, int]:
    code = payload[at]
    if code & 0xC0 or (code & 0x20 and code & 7):
        raise BadPageError
    size = (code >> 3 & 3) + 1
    if size > 3:
        size = payload[at + 1] or 1
        at += 1
    return at + 1, at + 1 + size


def _value_span(payload: bytes, at: int, value_class: int) -> tuple[int, int]:
    if value_class < 6:
        return at, at + VALUE_SIZES[value_class]
    if value_class == 6:
        return at + 1, at + 1 + payload[at]
    return at + 2, at + 2 + (payload[at] << 8 | payload[at + 1])


def _skip_entry(payload: bytes, at: int) -> int:
    _, key_end = _key_span(payload, at)
    return _value_span(payload, key_end, payload[at] & 7)[1]


def _segments(payload: bytes, text: str, at: int, segments: Segments) -> int:
    """Collect the pieces of a long cell up to the end of its directory; return where that is."""
    end = len(payload)
    depth = 0
    while at < end:
        code = payload[at]
        if code == 0x40:
            at += 1
            if depth == 0:
                return at
            depth -= 1
        elif code == 0x80:
            at += 1
        else:
            key_start, key_end = _key_span(payload, at)
            if code & 0x20:
                depth += 1
                at = key_end
            else:
                start, at = _value_span(payload, key_end, code & 7)
                if depth == 0:
                    segments.append((payload[key_start:key_end], text[start:at]))
    return at
