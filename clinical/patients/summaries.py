"""The summary of each patient that the list is read from: `mv_patient_summary`.

Triggers write it (`summary_sql.py`), in the transaction of the write itself, so a reader sees a
booking and its summary together. Two things are left to whoever reads: rows that were passed over
because another transaction held them, and visits that were the next and have begun since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, transaction

from clinical.patients.list_models import PatientSummary, SummaryMark
from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

WHILE_READING = 500
"""So many are made anew while somebody waits for a page; the rest is work for a task."""
BY_TASK = 2000


def refresh() -> None:
    """Make the summaries right that wait for it; a task goes on where they are many."""
    from clinical.patients.tasks import refresh_summaries

    if _refresh(WHILE_READING) >= WHILE_READING:
        transaction.on_commit(refresh_summaries.delay, using=current_scope().alias)


def refresh_all() -> int:
    """Make all waiting ones right, in steps; answers how many there were."""
    done = 0
    while made := _refresh(BY_TASK):
        done += made
    return done


def summary_of(patient_id: UUID) -> PatientSummary | None:
    """Answer one patient's summary as of now; None for whom the running actor may not see."""
    refresh()
    found = PatientSummary.objects.select_related("last_practitioner", "next_practitioner")
    return found.filter(pk=patient_id).first()


def rebuild() -> int:
    """Make all from the tables they sum up; answers how many figures were wrong, which none should be.

    It waits for writers and they wait for it: a repair, not a routine.
    """
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute("SELECT rebuild_patient_summaries()")
        return int(cursor.fetchone()[0])


def find_wrong() -> int:
    """Answer how many figures a rebuild would change, and change none."""
    refresh_all()
    with transaction.atomic(using=current_scope().alias):
        wrong = rebuild()
        transaction.set_rollback(True, using=current_scope().alias)
    return wrong


def are_waiting() -> bool:
    """Answer whether some are still to be made right."""
    return SummaryMark.objects.exists()


def _refresh(most: int) -> int:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute("SELECT refresh_patient_summaries(%s)", [most])
        return int(cursor.fetchone()[0])
