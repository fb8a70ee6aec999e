"""The one grammar of every sector's payload, leaf or index page.

A code byte says: pop a path component, push a key, or an entry of key and value. This is the
general parser, for the catalogue, containers and index pages; records have their own
(`record_leaf`), which must agree with it.
"""

from collections.abc import Iterator

Path = tuple[bytes, ...]
Entry = tuple[Path, bytes, bytes]

POP = 0x40
NEW_DIRECTORY = 0x80
PUSH = 0x20
LAST_IN_INDEX = 0xC0
VALUE_SIZES = (0, 1, 2, 4, 6, 8)
MAX_DEPTH = 16

_TOP_BITS = 0xC0
_LENGTH_BYTE_KEY = 3
_BYTE_LENGTH_VALUE = 6
_WORD_LENGTH_VALUE = 7


class BadPageError(Exception):
    """A payload that does not follow the grammar: a damaged sector."""


# The code of every byte, split once: key class 0-3, whether it pushes, value class 0-7.
_KEY_CLASS = tuple(code >> 3 & 3 for code in range(256))


def entries(payload: bytes) -> Iterator[Entry]:
    """Yield (path, key, value) of a payload in order; raise BadPageError where it is damaged.

    An empty payload is damage too: no sector in use has one, and one that is not there reads so.
    """
    if not payload:
        raise BadPageError
    path: Path = ()
    at = 0
    end = len(payload)
    try:
        while at < end:
            code = payload[at]
            at += 1
            if code == POP:
                path = path[:-1]  # the last leaf closes the root too, hence no check
                continue
            if code == NEW_DIRECTORY:
                continue
            key, at = _key(payload, at, code)
            if code & PUSH:
                path = _pushed(path, key, code)
                continue
            start, at = _value(payload, at, code & 7)
            if at > end:
                raise BadPageError
            yield path, key, payload[start:at]
    except IndexError:
        raise BadPageError from None
    if at > end:
        raise BadPageError


def _key(payload: bytes, at: int, code: int) -> tuple[bytes, int]:
    if code & _TOP_BITS not in (0, LAST_IN_INDEX):
        raise BadPageError
    size = _KEY_CLASS[code] + 1
    if size > _LENGTH_BYTE_KEY:
        # A length of 0 stands in the leftmost index entry; the key is one byte all the same.
        size = payload[at] or 1
        at += 1
    return payload[at : at + size], at + size


def _pushed(path: Path, key: bytes, code: int) -> Path:
    if code & 7 or len(path) >= MAX_DEPTH:
        raise BadPageError
    return (*path, key)


def _value(payload: bytes, at: int, value_class: int) -> tuple[int, int]:
    """Return where the value starts and ends."""
    if value_class < _BYTE_LENGTH_VALUE:
        return at, at + VALUE_SIZES[value_class]
    if value_class == _BYTE_LENGTH_VALUE:
        return at + 1, at + 1 + payload[at]
    return at + 2, at + 2 + (payload[at] << 8 | payload[at + 1])


def first_key(payload: bytes) -> Path | None:
    """Return path and key of the first entry as one tuple, or None where there is no entry.

    A leaf may start by closing the directory that the one before left open; that is no entry yet.
    A payload of pushes alone answers with the first path it opens.
    """
    path: Path = ()
    opened: Path = ()
    at = 0
    try:
        while at < len(payload):
            code = payload[at]
            at += 1
            if code == POP:
                opened = opened or path
                path = path[:-1]
                continue
            if code == NEW_DIRECTORY:
                continue
            key, at = _key(payload, at, code)
            if at > len(payload):
                return None
            if not code & PUSH:
                return (*path, key)
            path = _pushed(path, key, code)
    except (IndexError, BadPageError):
        return None
    return opened or path or None


def offset_inside(payload: bytes, directory: Path) -> tuple[int, bool]:
    """Return where in `payload` the content of `directory` begins, and whether it does at all.

    Where it does not, the number says on which side: -1 everything is before the directory,
    1 something is beyond it.
    """
    if not payload:
        raise BadPageError
    path: Path = ()
    depth = len(directory)
    at = 0
    end = len(payload)
    try:
        while at < end:
            if path == directory:
                return at, True
            code = payload[at]
            at += 1
            if code == POP:
                path = path[:-1]
                continue
            if code == NEW_DIRECTORY:
                continue
            key, at = _key(payload, at, code)
            if code & PUSH:
                here = path = _pushed(path, key, code)
            else:
                here = (*path, key)
                at = _value(payload, at, code & 7)[1]
            if here[:depth] > directory:
                return 1, False
    except IndexError:
        raise BadPageError from None
    if at > end:
        raise BadPageError
    return -1, False


def is_well_formed(payload: bytes) -> bool:
    """Say whether the whole payload follows the grammar and its keys stand in order."""
    before: Path = ()
    try:
        for path, key, _ in entries(payload):
            here = (*path, key)
            if here <= before:
                return False
            before = here
    except BadPageError:
        return False
    return True
