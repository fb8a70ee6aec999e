"""Consents as a clinic asks for them, what patients said to each, and how they want to be reached."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from clinical.documents.models import Document
from clinical.patients.models import Patient
from tenants.models import ClinicModel


class ConsentKind(ClinicModel):
    """Something the clinic asks consent for; standard ones come with the clinic (migration 0002)."""

    key = models.SlugField(max_length=40, unique=True)
    """What the code asks by; never changed."""
    name = models.CharField()
    text = models.TextField(blank=True, default="")
    """What is read out or printed."""
    is_required = models.BooleanField(default=False)
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    """After so many months it is asked again; empty: it stands until withdrawn."""
    order = models.PositiveSmallIntegerField(default=100)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["order", "name", "id"]

    def __str__(self) -> str:
        return self.name


class Consent(ClinicModel):
    """One answer, never changed: the newest of a kind holds, the older ones are the history."""

    class Answer(models.TextChoices):
        GIVEN = "given", "Given"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Way(models.TextChoices):
        WRITTEN = "written", "Signed on paper"
        SPOKEN = "spoken", "Said in person"
        PHONE = "phone", "By phone"
        ONLINE = "online", "Online or by e-mail"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    kind = models.ForeignKey(ConsentKind, on_delete=models.PROTECT, related_name="consents")
    answer = models.CharField(max_length=10, choices=Answer)
    answered_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)
    way = models.CharField(max_length=8, choices=Way, default=Way.WRITTEN)
    by = models.CharField(blank=True, default="")
    """Who answered, where it was not the patient."""
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.TextField(blank=True, default="")
    recorded_by = models.CharField(blank=True, default="")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-answered_on", "-recorded_at", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["patient", "kind", "-answered_on", "-recorded_at"],
                name="consents_consent_newest",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.get_answer_display()} {self.answered_on:%Y-%m-%d}"


class ContactPreference(ClinicModel):
    """How a patient wants to be reached, and what they need to be understood and to come."""

    class Channel(models.TextChoices):
        PHONE = "phone", "Phone call"
        SMS = "sms", "SMS"
        EMAIL = "email", "E-mail"
        POST = "post", "Letter"
        CARER = "carer", "Through a carer or guardian"
        ANY = "", "No preference"

    patient = models.OneToOneField(
        Patient, on_delete=models.CASCADE, related_name="contact_preference"
    )
    channel = models.CharField(max_length=8, choices=Channel, blank=True, default=Channel.ANY)
    best_time = models.CharField(blank=True, default="")
    no_phone = models.BooleanField(default=False)
    no_sms = models.BooleanField(default=False)
    no_email = models.BooleanField(default=False)
    no_post = models.BooleanField(default=False)
    no_marketing = models.BooleanField(default=False)
    language = models.CharField(blank=True, default="")
    needs_interpreter = models.BooleanField(default=False)
    access_needs = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.get_channel_display()}"
