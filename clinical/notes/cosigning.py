"""The verbs about supervision: whose notes are co-signed, by whom, and what was said to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.notes.models import Note, NoteReview, Supervision
from clinical.notes.rules import may_cosign
from clinical.notes.services import NoteError
from clinical.practice.rules import require

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User

COMMENT_LENGTH = 4000


class ReviewError(NoteError):
    """What was asked for cannot be done to this note."""


class SupervisionError(ValueError):
    """Nobody can be supervised like this; the message is for a person."""


@transaction.atomic
def cosign_note(
    note: Note, *, actor: User, at: datetime, version: int, comment: str = ""
) -> NoteReview:
    """Co-sign the version that was read; raises ReviewError where it is no longer the last."""
    return _review(
        note,
        NoteReview.Outcome.COSIGNED,
        actor=actor,
        at=at,
        version=version,
        comment=comment,
        columns={"cosign": Note.Cosign.DONE, "cosigned_by": actor.name, "cosigned_at": at},
    )


@transaction.atomic
def return_note(note: Note, *, actor: User, at: datetime, version: int, comment: str) -> NoteReview:
    """Give the note back to its author, who amends it; a comment says why."""
    if not comment.strip():
        raise ReviewError("Say what should be changed, then return the note.")
    return _review(
        note,
        NoteReview.Outcome.RETURNED,
        actor=actor,
        at=at,
        version=version,
        comment=comment,
        columns={"cosign": Note.Cosign.RETURNED},
    )


@transaction.atomic
def supervise(user: User, *, actor: User, reason: str, supervisor: User | None) -> None:
    """Have somebody's notes co-signed from now on; reason "" ends it. What waits goes on waiting."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    if not reason:
        Supervision.objects.filter(user=user).delete()
        return
    if supervisor == user:
        raise SupervisionError(f"{user.name} cannot be their own supervisor.")
    if supervisor is not None and Supervision.objects.filter(user=supervisor).exists():
        raise SupervisionError(f"{supervisor.name} is under supervision and cannot co-sign.")
    Supervision.objects.update_or_create(
        user=user, defaults={"reason": reason, "supervisor": supervisor}
    )


def _review(
    note: Note,
    outcome: NoteReview.Outcome,
    *,
    actor: User,
    at: datetime,
    version: int,
    comment: str,
    columns: dict[str, object],
) -> NoteReview:
    locked = Note.objects.select_for_update().get(pk=note.pk)  # one supervisor at a time
    if locked.cosign != Note.Cosign.WAITING:
        raise ReviewError("This note does not wait for a co-sign any more.")
    if not may_cosign(actor, locked):
        raise PermissionDenied("notes.cosign")
    if locked.version != version:
        raise ReviewError("The note was amended since you opened it. Read it again.")
    review = NoteReview.objects.create(
        note=locked,
        number=version,
        outcome=outcome,
        comment=comment.replace("\x00", "").strip()[:COMMENT_LENGTH],
        reviewer=actor,
        reviewer_name=actor.name,
        created_at=at,
    )
    Note.objects.filter(pk=note.pk).update(**columns, changed_at=at)
    return review
