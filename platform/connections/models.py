"""A clinic's connections, the outbox that feeds them, and the inbox of what vendors send."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.models import ClinicModel


class Connection(ClinicModel):
    """One account of the clinic at one vendor. What was disconnected stays as a row, without secrets.

    An attempt to connect is a row of its own, pending, so that a connection that works goes on working
    until the new one does.

    `sealed` is a JSON object of secrets under `tenants.vault` (provider "connections.<provider>",
    field "secrets:<id>"); it is empty once the clinic has disconnected.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Not finished"
        LIVE = "live", "Connected"
        BROKEN = "broken", "Has to be connected again"
        OFF = "off", "Disconnected"

    provider = models.CharField(max_length=20)
    """A key of `connections.providers`."""
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    account_name = models.CharField(blank=True, default="")
    """How the vendor calls the account: a mailbox, an organisation."""
    external_id = models.CharField(blank=True, default="")
    """The vendor's id of the account."""
    sealed = models.TextField(blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    """When the access token ends; empty where there is none."""
    renewed_at = models.DateTimeField(null=True, blank=True)
    """When the access token was last got or renewed."""
    scopes = models.JSONField(blank=True, default=list)
    options = models.JSONField(blank=True, default=dict)
    """Settings that are no secrets, such as which account a kind of income goes to."""
    last_success_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(blank=True, default="")
    """What went wrong last, in words for people; empty once something has succeeded since."""
    problem_at = models.DateTimeField(null=True, blank=True)
    """Since when nothing has gone right."""
    checking_since = models.DateTimeField(null=True, blank=True)
    """When somebody asked for the test, or for the connection, that is being made now."""
    checked_at = models.DateTimeField(null=True, blank=True)
    found = models.CharField(blank=True, default="")
    """What the last test found, in words."""
    paused_until = models.DateTimeField(null=True, blank=True)
    """The vendor has asked us to wait."""
    told_at = models.DateTimeField(null=True, blank=True)
    """When the owner was told that it is broken."""
    connected_by = models.CharField(blank=True, default="")
    connected_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["provider", "-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider"],
                name="connections_one_in_use",
                condition=Q(state__in=["live", "broken"]),
            ),
            models.UniqueConstraint(
                fields=["provider"],
                name="connections_one_attempt",
                condition=Q(state="pending"),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "live", "broken", "off"]),
                name="connections_connection_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="off") | Q(sealed=""), name="connections_off_has_no_secrets"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.account_name}"


class OutboxEntry(ClinicModel):
    """Something that must reach a vendor, written in the transaction of the change that asks for it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "On its way"
        SENT = "sent", "Done"
        FAILED = "failed", "Refused"
        UNCLEAR = "unclear", "May have been done"
        CANCELLED = "cancelled", "No longer wanted"

    kind = models.CharField(max_length=40)
    """Which handler delivers it, such as "xero.invoice" (`connections.outbox.delivers`)."""
    provider = models.CharField(max_length=20, blank=True, default="")
    """Through whose connection; the handler may choose it as late as when it is sent."""
    key = models.CharField(max_length=128, unique=True)
    """The idempotency key: the same thing asked twice is one entry."""
    subject_type = models.CharField(max_length=60)
    """The table of what it tells of."""
    subject_id = models.UUIDField()
    payload = models.JSONField(blank=True, default=dict)
    """Ids and choices; nothing clinical."""
    lane = models.CharField(max_length=80, blank=True, default="")
    """Entries of one lane go one after the other, in the order they were written."""
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    not_after = models.DateTimeField(null=True, blank=True)
    """After this it is of no use any more, and is given up instead of sent late."""
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(blank=True, default="")
    vendor_id = models.CharField(blank=True, default="")
    answer = models.JSONField(blank=True, default=dict)
    """What of the vendor's answer is worth keeping; nothing clinical."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name_plural = "outbox entries"
        indexes: ClassVar = [
            models.Index(
                fields=["not_before", "id"],
                name="connections_outbox_due",
                condition=Q(state="waiting"),
            ),
            models.Index(
                fields=["claimed_at"],
                name="connections_outbox_sending",
                condition=Q(state="sending"),
            ),
            models.Index(
                fields=["lane", "id"],
                name="connections_outbox_lane",
                condition=Q(state__in=["waiting", "sending", "failed", "unclear"]),
            ),
            models.Index(
                fields=["changed_at"],
                name="connections_outbox_trouble",
                condition=Q(state__in=["failed", "unclear"]),
            ),
            models.Index(fields=["subject_id"], name="connections_outbox_subject"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["waiting", "sending", "sent", "failed", "unclear", "cancelled"]
                ),
                name="connections_outbox_state",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.get_state_display()}"


class InboxEvent(ClinicModel):
    """What a vendor sent, as it came, once its signature was found right."""

    provider = models.CharField(max_length=20)
    external_id = models.CharField(max_length=200)
    """The vendor's id of the event: the same one twice is one row."""
    kind = models.CharField(max_length=60, blank=True, default="")
    body = models.TextField()
    received_at = models.DateTimeField(default=timezone.now)
    handled_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(
                fields=["received_at"],
                name="connections_inbox_open",
                condition=Q(handled_at=None),
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "external_id"], name="connections_inbox_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind}"
