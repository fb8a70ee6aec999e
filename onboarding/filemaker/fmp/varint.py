"""Ordered varints: the number keys of a FileMaker file.

A longer encoding starts where the next shorter one ends, so comparing the bytes of two keys
compares the numbers. The first byte tells the length: 00-7F one byte, 80-BF two, C0-DF three,
E0-EF four.
"""

TWO_BYTES_FROM = 0x80
THREE_BYTES_FROM = 0x4080
FOUR_BYTES_FROM = 0x204080
MAXIMUM = FOUR_BYTES_FROM + 0x0FFFFFFF

LONGEST = 4

# What to subtract from a key of 1 to 4 bytes, read as one big-endian number.
_SHIFTS = (0, 0, 0x8000 - TWO_BYTES_FROM, 0xC00000 - THREE_BYTES_FROM, 0xE0000000 - FOUR_BYTES_FROM)
_LENGTHS = bytes([1] * 0x80 + [2] * 0x40 + [3] * 0x20 + [LONGEST] * 0x10 + [0] * 0x10)


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


def decode(key: bytes) -> int:
    """Return the number that the whole of `key` stands for."""
    number = decode_or_none(key)
    if number is None:
        message = f"{key.hex(' ') or 'nothing'} is not an ordered varint"
        raise VarintError(message)
    return number


def decode_or_none(key: bytes) -> int | None:
    """Return the number of `key`, or None where `key` is not one whole varint."""
    if not key or _LENGTHS[key[0]] != len(key):
        return None
    return int.from_bytes(key, "big") - _SHIFTS[len(key)]


def split(key: bytes) -> tuple[int, ...] | None:
    """Return the numbers of a key made of several varints in a row, or None if it is not one."""
    numbers: list[int] = []
    at = 0
    while at < len(key):
        size = _LENGTHS[key[at]]
        if not size or at + size > len(key):
            return None
        numbers.append(int.from_bytes(key[at : at + size], "big") - _SHIFTS[size])
        at += size
    return tuple(numbers) or None
