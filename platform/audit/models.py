"""The audit trail's tables, as Django reads them. `audit.ddl` makes them; functions write them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Event(models.Model):
    """Who did or saw what, and when by the database's clock. Never changed, never deleted.

    `object_type` is a table's name, for a view or a denial also a page's. `subject_id` is the
    patient it is about. `commitment` is empty where there is no payload (see `audit.hashing`).
    """

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    tx = models.BigIntegerField()
    actor_id = models.TextField()
    actor_label = models.TextField()
    impersonator = models.TextField()
    action = models.TextField()
    object_type = models.TextField()
    object_id = models.TextField()
    subject_id = models.TextField()
    result = models.TextField()
    request_id = models.TextField()
    commitment = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_event"
        ordering: ClassVar = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}".strip()


class Payload(models.Model):
    """What an event was about: JSON text, byte for byte as committed to. The erasable part."""

    event = models.OneToOneField(
        Event, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="payload"
    )
    salt = models.BinaryField()
    body = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_payload"

    def __str__(self) -> str:
        return f"payload of {self.event_id}"


class QueuedEvent(models.Model):
    """An event that no seal covers yet."""

    event_id = models.BigIntegerField(primary_key=True)

    class Meta:
        managed = False
        db_table = "audit_queue"

    def __str__(self) -> str:
        return str(self.event_id)


class Seal(models.Model):
    """One link of the clinic's chain, over the events in `ids`.

    `marks` holds the first eight bytes of each event's leaf, in the order of `ids`: they prove
    nothing (the root does) but tell which event of a broken seal was edited.
    """

    n = models.BigIntegerField(primary_key=True)
    count = models.IntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ids = ArrayField(models.BigIntegerField())
    marks = models.BinaryField()
    root = models.BinaryField()
    prev = models.BinaryField()
    h = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "audit_seal"
        ordering: ClassVar = ["n"]

    def __str__(self) -> str:
        return f"seal {self.n}"


class Erasure(models.Model):
    """A payload was lawfully erased; `erased_by` is the event that says who did it and why."""

    event_id = models.BigIntegerField(primary_key=True)
    erased_by = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "audit_erasure"

    def __str__(self) -> str:
        return f"erasure of {self.event_id}"


class Origin(models.Model):
    """The chain up to seal `upto`, whose hash is `h`, was made in another clinic and restored here.

    A seal's hash names its clinic by id, so this says by which id to compute it anew.
    """

    upto = models.BigIntegerField(primary_key=True)
    clinic = models.IntegerField()
    h = models.BinaryField()
    restored_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "audit_origin"
        ordering: ClassVar = ["upto"]

    def __str__(self) -> str:
        return f"seals to {self.upto} of clinic {self.clinic}"
