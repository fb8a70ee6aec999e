"""The shared table of sign-ups: what an owner asked for and how far it has come."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.ids import uuid7


class Signup(models.Model):
    """One wish for a clinic. Nothing is built, and no address kept, before its mail is confirmed.

    The password is chosen by whoever follows the mailed link, never before: else somebody could
    sign up with another person's address and wait with a password for them to confirm it. Its hash
    is kept only until the owner's account exists.
    """

    class State(models.TextChoices):
        MAILED = "mailed", "Waiting for its mail to be confirmed"
        REQUESTED = "requested", "Address reserved"
        BUILDING = "building", "Building your clinic"
        STAFFING = "staffing", "Making your account"
        READY = "ready", "Ready"
        FAILED = "failed", "Stopped"

    BUILDING_STATES: ClassVar = (State.REQUESTED, State.BUILDING, State.STAFFING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    clinic_name = models.CharField(max_length=120)
    subdomain = models.CharField(max_length=40)
    skeleton = models.CharField(max_length=40, blank=True, default="")
    """What the address looks like: `addresses.skeleton`."""
    owner_name = models.CharField(max_length=120)
    email = models.EmailField(max_length=254)
    password_hash = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=64, default="Australia/Sydney")
    verified_at = models.DateTimeField(null=True)
    """When the mailed link was followed and the clinic asked for."""
    terms_version = models.CharField(max_length=20)
    agreement_version = models.CharField(max_length=20, blank=True, default="")
    """Of the data-processing agreement."""
    accepted_at = models.DateTimeField(null=True)
    accepted_from = models.GenericIPAddressField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.MAILED)
    error = models.CharField(max_length=300, blank=True)
    clinic_id = models.IntegerField(null=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-requested_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["skeleton"],
                condition=models.Q(state__in=["requested", "building", "staffing"])
                & ~models.Q(skeleton=""),
                name="signup_skeleton_once",
            )
        ]

    def __str__(self) -> str:
        return self.subdomain
