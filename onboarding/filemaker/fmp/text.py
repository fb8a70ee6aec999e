"""Text and small numbers as they stand in the tree: XOR 0x5A, then SCSU."""

from onboarding.filemaker.fmp import scsu, varint

XOR_KEY = 0x5A
XOR = bytes(byte ^ XOR_KEY for byte in range(256))


def text_of(value: bytes) -> str:
    """Return the text of a stored value, U+FFFD standing for what is not text."""
    return scsu.decode_leniently(value.translate(XOR))[0]


def number_of(value: bytes) -> int:
    """Return a number stored as length byte and varint; 0 where the bytes are not that."""
    if value and len(value) == value[0] + 1:
        return varint.decode_or_none(value[1:]) or 0
    return 0


def pascal(value: bytes, at: int) -> tuple[bytes, int]:
    """Return the bytes after the length byte at `at`, and where they end."""
    if at >= len(value):
        return b"", at
    end = at + 1 + value[at]
    return value[at + 1 : end], end
