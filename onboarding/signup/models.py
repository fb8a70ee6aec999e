"""The shared table of sign-ups: what an owner asked for and how far it has come."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.ids import uuid7


class Signup(models.Model):
    """One wish for a clinic. The password's hash is kept only until the owner's account exists."""

    class State(models.TextChoices):
        REQUESTED = "requested", "Address reserved"
        BUILDING = "building", "Building your clinic"
        STAFFING = "staffing", "Making your account"
        READY = "ready", "Ready"
        FAILED = "failed", "Stopped"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    clinic_name = models.CharField(max_length=120)
    subdomain = models.CharField(max_length=40)
    owner_name = models.CharField(max_length=120)
    email = models.EmailField(max_length=254)
    password_hash = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=64, default="Australia/Sydney")
    terms_version = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    error = models.CharField(max_length=300, blank=True)
    clinic_id = models.IntegerField(null=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-requested_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subdomain"],
                condition=~models.Q(state="failed"),
                name="signup_subdomain_once",
            )
        ]

    def __str__(self) -> str:
        return self.subdomain
