"""What notes and letters share: rows about a patient that two people may have open at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F

from audit.services import record

if TYPE_CHECKING:
    from datetime import datetime


def swap(paper: Any, *, at: datetime, revision: int, **columns: Any) -> bool:
    """Write the columns if the row is still at the revision and in the state that were read.

    Answers whether it was; `paper` has the new values then.
    """
    unchanged = type(paper)._default_manager.filter(
        pk=paper.pk, revision=revision, state=paper.state
    )
    if not unchanged.update(**columns, revision=F("revision") + 1, changed_at=at):
        return False
    for name, value in columns.items():
        setattr(paper, name, value)
    paper.revision, paper.changed_at = revision + 1, at
    return True


def record_paper(paper: Any, action: str, *, section: str) -> None:
    """Put on record that the actor of the scope read (`view`) or downloaded (`export`) it."""
    record(
        action,
        object_type=paper._meta.db_table,
        object_id=str(paper.pk),
        subject_id=str(paper.patient_id),
        payload={"section": section},
    )
