"""Who of the platform may look into this clinic, until when, and who has: in the clinic's own schema.

What stands here decides. The operators' role cannot write it, nor the copy that it reads
(`support.desk`): an operator can ask, and nobody but the clinic can let one in.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q, Value

from tenants.models import ClinicModel

LONGEST = timedelta(hours=8)
EMERGENCY = timedelta(hours=1)


class Access(ClinicModel):
    """One time in which people of the platform may come in: asked for, offered, or an emergency."""

    class Kind(models.TextChoices):
        ASKED = "asked", "Asked for"
        OFFERED = "offered", "Offered"
        EMERGENCY = "emergency", "Emergency"

    class State(models.TextChoices):
        ASKED = "asked", "Waiting for an answer"
        GRANTED = "granted", "Granted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        ENDED = "ended", "Ended"

    class Mode(models.TextChoices):
        READS = "reads", "Look only"
        CHANGES = "changes", "Look and change"
        SENDS = "sends", "Look, change, and send to patients"

    class Letter(models.TextChoices):
        NONE = "", "None"
        ASKED = "asked", "Somebody asks to come in"
        EMERGENCY = "emergency", "Somebody has come in"
        ENDED = "ended", "It is over"

    kind = models.CharField(max_length=9, choices=Kind)
    state = models.CharField(max_length=9, choices=State)
    reason = models.CharField(max_length=500)
    mode = models.CharField(max_length=7, choices=Mode, default=Mode.READS)
    """Asked for; once granted, what was granted."""
    minutes = models.PositiveSmallIntegerField()
    """The same of how long."""
    operator_id = models.UUIDField(null=True)
    """Who may come in; empty where the owner has let in whoever is on duty."""
    operator_name = models.CharField(max_length=120, blank=True, default="")
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120, blank=True, default="")
    """The owner who granted or declined; empty in an emergency."""
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=120, blank=True, default="")
    letter = models.CharField(max_length=9, choices=Letter, blank=True, default="")
    """Which mail to the owners still waits. It is kept with the change it tells of, or neither is."""

    class Meta:
        ordering: ClassVar = ["-asked_at", "-id"]
        verbose_name = "support access"
        verbose_name_plural = "support accesses"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(kind="emergency") | Q(mode="reads"),
                name="support_emergency_only_looks",
            ),
            models.CheckConstraint(
                condition=~Q(state="granted") | Q(ends_at__isnull=False, decided_at__isnull=False),
                name="support_granted_until",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None)
                | Q(ends_at__gt=F("decided_at"), ends_at__lte=F("decided_at") + Value(LONGEST)),
                name="support_ends_within_hours",
            ),
            models.CheckConstraint(
                condition=~Q(kind="emergency") | Q(ends_at__lte=F("decided_at") + Value(EMERGENCY)),
                name="support_emergency_is_short",
            ),
            models.CheckConstraint(
                condition=~Q(state="granted") | Q(kind="emergency") | ~Q(decided_by=""),
                name="support_somebody_let_them_in",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.operator_name or 'support on duty'}"


class Visit(ClinicModel):
    """One operator's way in, and what became of it. Made by the operators' host, good for a minute."""

    access = models.ForeignKey(Access, on_delete=models.CASCADE, related_name="visits")
    operator_id = models.UUIDField()
    operator_name = models.CharField(max_length=120)
    operator_session = models.CharField(max_length=64)
    """The digest of the operator's own session: the visit ends with it."""
    token_digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    entered_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-made_at", "-id"]
        verbose_name = "support visit"

    def __str__(self) -> str:
        return f"Visit of {self.operator_name}"
