"""Finding a patient: the checked function against plain matching under row-level security.

Both run as nexus_app in the clinic's scope, side by side on the same patients.
Usage: python benchmarks/patient_search.py [patients]
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from benchmarks.crowd import gather  # noqa: E402 - found by the line above
from benchmarks.stage import as_superuser, new_clinic, stage  # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenants.models import Tenant

TODAY = date(2026, 11, 21)
REPEATS = 7
SEARCHES = ("smith john", "jonh smyth", "balingby", "s", "0400 007 919", "12/03/1980")


def main(patients: int = 100_000) -> None:
    with stage() as servers:
        clinic = new_clinic("Crowded")
        with as_superuser(servers, clinic) as raw:
            gather(raw, clinic.schema_name, count=patients)
        _measure(clinic, patients)


def _measure(clinic: Tenant, patients: int) -> None:
    from clinical.patients.search import find_patients
    from tenants.scope import tenant_scope

    print(
        f"{patients:,} patients in one clinic; median of {REPEATS}, as nexus_app under its policy"
    )
    print(f"{'typed':<14}{'plain':>10}{'function':>10}{'ratio':>8}   found plain / function")
    with tenant_scope(clinic):
        for typed in SEARCHES:
            plain, by_plain = _timed(lambda typed=typed: _plainly(typed))
            ours, by_function = _timed(lambda typed=typed: len(find_patients(typed, today=TODAY)))
            print(
                f"{typed:<14}{plain:>7.1f} ms{ours:>7.1f} ms{plain / ours:>7.1f}x"
                f"   {by_plain} / {by_function}"
            )


def _plainly(typed: str) -> int:
    """What Django's usual look-ups send: each word somewhere in a name, phone or number."""
    from django.db.models import Q

    from clinical.patients.models import Patient

    found = Patient.objects.order_by("family_name", "given_names")
    for word in [typed.replace(" ", "")] if typed[0].isdigit() else typed.split():
        found = found.filter(
            Q(given_names__icontains=word)
            | Q(family_name__icontains=word)
            | Q(preferred_name__icontains=word)
            | Q(former_names__icontains=word)
            | Q(contact_points__normalised__icontains=word)
            | Q(identifiers__normalised__icontains=word)
        )
    return len(found.distinct().values_list("pk", flat=True)[:100])


def _timed(search: Callable[[], int]) -> tuple[float, int]:
    """Answer the median in milliseconds and what was found."""
    found = search()
    spent = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        search()
        spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent), found


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
