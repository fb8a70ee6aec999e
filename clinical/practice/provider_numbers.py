"""Medicare provider numbers: which one is a clinician's at a place, and whether it can exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from clinical.practice.models import ProviderNumber

_PROVIDER = re.compile(r"(\d{5,6})([0-9A-HJ-NPQRTU-Y])([A-BFHJKLTWXY])")
_WEIGHTS = (3, 5, 8, 4, 2, 1)
_PLACES = "0123456789ABCDEFGHJKLMNPQRTUVWXY"
_PLACE_WEIGHT = 6
_CHECKS = "YXWTLKJHFBA"


def normalise_provider_number(written: str) -> str:
    """Answer letters and digits only, in capitals, with the stem's leading zero where it was left out."""
    number = "".join(sign for sign in written.upper() if sign.isalnum())
    return number.rjust(8, "0") if _PROVIDER.fullmatch(number) else number


def is_provider_number(written: str) -> bool:
    """Answer whether the check letter fits.

    Services Australia: six digits weighted 3 5 8 4 2 1, the practice location's value times 6, the
    sum modulo 11 picks the letter from YXWTLKJHFBA.
    """
    match = _PROVIDER.fullmatch(normalise_provider_number(written))
    if match is None:
        return False
    stem, place, check = match.groups()
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, stem, strict=True))
    return _CHECKS[(total + _PLACES.index(place) * _PLACE_WEIGHT) % len(_CHECKS)] == check


def number_at(numbers: Iterable[ProviderNumber], location_id: UUID | None) -> str:
    """Answer of one clinician's numbers the one for a location, else the one for everywhere else."""
    by_place = {number.location_id: number.number for number in numbers}
    return by_place.get(location_id) or by_place.get(None, "")
