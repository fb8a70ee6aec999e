"""Ordered varints: the number keys of a FileMaker file.

A longer encoding starts where the next shorter one ends, so comparing the bytes of two keys
compares the numbers. The first byte tells the length: 00-7F one byte, 80-BF two, C0-DF three,
E0-EF four.
"""

from collections.abc import Callable

TWO_BYTES_FROM = 0x80
THREE_BYTES_FROM = 0x4080
FOUR_BYTES_FROM = 0x204080
MAXIMUM = FOUR_BYTES_FROM + 0x0FFFFFFF

LONGEST = 4


class VarintError(ValueError):
    """The bytes are not one ordered varint, or the number has no encoding."""


def encode(number: int) -> bytes:
    """Return the 1 to 4 bytes that stand for `number` (0 … 270,549,119)."""
    if number < 0 or number > MAXIMUM:
        message = f"{number} is outside 0 … {MAXIMUM}, the numbers a FileMaker key can hold"
        raise VarintError(message)
    if number < TWO_BYTES_FROM:
        return bytes((number,))
    if number < THREE_BYTES_FROM:
        return (0x8000 | (number - TWO_BYTES_FROM)).to_bytes(2, "big")
    if number < FOUR_BYTES_FROM:
        return (0xC00000 | (number - THREE_BYTES_FROM)).to_bytes(3, "big")
    return (0xE0000000 | (number - FOUR_BYTES_FROM)).to_bytes(4, "big")


def length(first: int) -> int:
    """Return how many bytes a varint that starts with byte `first` has, or 0 for none."""
    if first < 0x80:  # noqa: PLR2004 - the class boundaries of the table above
        return 1
    if first < 0xC0:  # noqa: PLR2004
        return 2
    if first < 0xE0:  # noqa: PLR2004
        return 3
    return LONGEST if first < 0xF0 else 0  # noqa: PLR2004


def decode(key: bytes) -> int:
    """Return the number that the whole of `key` stands for."""
    size = len(key)
    if size and length(key[0]) == size:
        return _VALUE[size](key)
    message = f"{key.hex(' ') or 'nothing'} is not an ordered varint"
    raise VarintError(message)


def decode_or_none(key: bytes) -> int | None:
    """Return the number of `key`, or None where `key` is not one whole varint."""
    size = len(key)
    if size and length(key[0]) == size:
        return _VALUE[size](key)
    return None


def split(key: bytes) -> tuple[int, ...] | None:
    """Return the numbers of a key made of several varints in a row, or None if it is not one."""
    numbers: list[int] = []
    at = 0
    while at < len(key):
        size = length(key[at])
        if not size or at + size > len(key):
            return None
        numbers.append(_VALUE[size](key[at : at + size]))
        at += size
    return tuple(numbers) or None


_VALUE: dict[int, Callable[[bytes], int]] = {
    1: lambda key: key[0],
    2: lambda key: ((key[0] & 0x3F) << 8 | key[1]) + TWO_BYTES_FROM,
    3: lambda key: ((key[0] & 0x1F) << 16 | key[1] << 8 | key[2]) + THREE_BYTES_FROM,
    4: lambda key: (int.from_bytes(key, "big") & 0x0FFFFFFF) + FOUR_BYTES_FROM,
}
