"""Quantities and amounts as the NDIA reads them. Hours and totals are `invoices.money`'s."""

from __future__ import annotations

HUNDRED = 100
MOST_WITH_HUNDREDTHS = 99_999
"""999.99"""
MOST_WHOLE = 9_999_900
"""99999"""


def quantity_text(hundredths: int) -> str:
    """Write NNN.NN, or NNNNN for whole numbers. Raises ValueError for what fits in neither."""
    whole, rest = divmod(hundredths, HUNDRED)
    if hundredths <= 0 or hundredths > (MOST_WITH_HUNDREDTHS if rest else MOST_WHOLE):
        raise ValueError(f"{hundredths} hundredths do not fit into NNN.NN or NNNNN")
    return f"{whole}.{rest:02}" if rest else str(whole)


def price_text(cents: int) -> str:
    """Write dollars and cents without signs: 193.99."""
    return f"{cents // HUNDRED}.{cents % HUNDRED:02}"


def share(amounts: dict[str, int], total: int) -> dict[str, int]:
    """Divide `total` among the keys as their amounts stand to each other, to the last cent.

    What the rounding leaves goes to the largest remainders; ties in the order of the keys.
    """
    whole = sum(amounts.values())
    if whole <= 0:
        return dict.fromkeys(amounts, 0)
    parts = {key: divmod(amount * total, whole) for key, amount in amounts.items()}
    left = total - sum(part for part, _ in parts.values())
    largest = sorted(parts, key=lambda key: (-parts[key][1], key))[:left]
    return {key: part + (key in largest) for key, (part, _) in parts.items()}
