"""The bytes a page is made of: entries, pushes, pops, and the sector they stand in.

One code byte tells an item's key class and value class; see `entry`. All integers are big-endian.
"""

import struct
from collections.abc import Sequence

SECTOR_SIZE = 4096
_HEAD = struct.Struct(">IIIHHI")
PAYLOAD_SIZE = SECTOR_SIZE - _HEAD.size

POP = b"\x40"
STARTS = b"\x80"
"""Follows a push where the directory starts, and is absent where a page continues one."""

_PUSH_BIT = 0x20
LAST = 0xC0
"""Added in index pages on the last item of a directory; the directory closes behind it."""

_VALUE_CLASS = {0: 0, 1: 1, 2: 2, 4: 3, 6: 4, 8: 5}
_SHORT_VALUE, _LONG_VALUE = 6, 7
_LONGEST_SHORT_VALUE = 0xFF
_LONGEST_FIXED_KEY = 3

_FIRST_CHILD = b"\x1b\x00\x01"
"""In an index page, a key of length 0 and a byte 1: the child that holds a directory's start."""

_MAGIC = bytes.fromhex("0001000000020001000500020002c0")
_FORMAT_OF_FILEMAKER_12 = b"\x1e\x00\x0e\x00HBAM2125JAN11\xc1\x02H\x08Pro 12.0\xc0\xc0"
_FORMAT_AT = 521


def _key(key: bytes) -> tuple[int, bytes]:
    if 1 <= len(key) <= _LONGEST_FIXED_KEY:
        return (len(key) - 1) << 3, key
    return 3 << 3, bytes((len(key),)) + key


_ONE_BYTE_PUSH = [bytes((_PUSH_BIT, byte)) for byte in range(256)]


def push(component: bytes) -> bytes:
    """Return the item that makes `component` the next step of the path."""
    if len(component) == 1:
        return _ONE_BYTE_PUSH[component[0]]
    key_class, framed = _key(component)
    return bytes((_PUSH_BIT | key_class,)) + framed


def entry(key: bytes, value: bytes) -> bytes:
    """Return a key with its value: 0, 1, 2, 4, 6 or 8 bytes bare, else with a length before."""
    key_class, framed = _key(key)
    size = len(value)
    value_class = _VALUE_CLASS.get(size)
    if value_class is not None:
        return bytes((key_class | value_class,)) + framed + value
    if size <= _LONGEST_SHORT_VALUE:
        return bytes((key_class | _SHORT_VALUE,)) + framed + bytes((size,)) + value
    return bytes((key_class | _LONG_VALUE,)) + framed + size.to_bytes(2, "big") + value


def child(key: bytes | None, number: int) -> bytes:
    """Return the index item that sends keys from `key` on, None for a start, to sector `number`."""
    if key is None:
        return _FIRST_CHILD + number.to_bytes(4, "big")
    return entry(key, number.to_bytes(4, "big"))


def common_steps(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """Return how many leading components two paths share."""
    steps = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        steps += 1
    return steps


def sector(
    payload: bytes | bytearray, *, level: int, previous: int, following: int, counter: int
) -> bytes:
    """Return the 4096 bytes of a sector; what the payload leaves unused is zero."""
    unused = PAYLOAD_SIZE - len(payload)
    return _HEAD.pack(0, previous, following, level, unused, counter) + payload + bytes(unused)


def header_sector() -> bytes:
    """Return sector 0 of a plain file of format generation 12."""
    start = (_MAGIC + b"HBAM7" + SECTOR_SIZE.to_bytes(4, "big")).ljust(_FORMAT_AT - 2, b"\0")
    return (start + b"\x01\x00" + _FORMAT_OF_FILEMAKER_12).ljust(SECTOR_SIZE, b"\0")
