"""Rules of the clinic, and the reminders they have given about patients."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from clinical.patients.models import Patient
from tenants.models import ClinicModel


class Rule(ClinicModel):
    """When conditions are met for a patient, a reminder is shown to those it is for."""

    class Match(models.TextChoices):
        ALL = "all", "All of them"
        ANY = "any", "Any of them"

    class Severity(models.TextChoices):
        INFO = "info", "For information"
        WARNING = "warning", "Attention"
        DANGER = "danger", "Important"

    name = models.CharField()
    text = models.TextField()
    """The reminder's words."""
    match = models.CharField(max_length=3, choices=Match, default=Match.ALL)
    conditions = models.JSONField(default=list)
    """[{"kind", "number", "code", "compare", "words"}]; see `conditions.KINDS`."""
    severity = models.CharField(max_length=7, choices=Severity, default=Severity.WARNING)
    in_header = models.BooleanField(default=True)
    in_diary = models.BooleanField(default=False)
    roles = models.JSONField(default=list)
    """For whom: roles by name."""
    is_active = models.BooleanField(default=False)
    standard_key = models.CharField(blank=True, default="")
    """Which of the rules that Nexus brings along it began as."""
    version = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(match__in=["all", "any"]), name="decision_support_rule_match"
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["info", "warning", "danger"]),
                name="decision_support_rule_severity",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Prompt(ClinicModel):
    """What a rule says about one patient, and what was decided about it."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        SNOOZED = "snoozed", "Later"
        DISMISSED = "dismissed", "Dismissed"
        OVER = "over", "No longer so"

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="prompts")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="prompts")
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    because = models.JSONField(default=list)
    """Why, in words: one for each condition that is met."""
    is_for_desk = models.BooleanField(default=False)
    """Reception and accounts may read it: the database lets them."""
    opened_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    snoozed_until = models.DateField(null=True, blank=True)
    reason = models.CharField(blank=True, default="")
    settled_by = models.CharField(blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-opened_at", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["patient"],
                name="decision_support_prompt_open",
                condition=Q(state="open"),
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "patient"], name="decision_support_prompt_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "snoozed", "dismissed", "over"]),
                name="decision_support_prompt_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.patient_id} {self.state}"


class PromptDecision(ClinicModel):
    """What somebody decided about a reminder, with the reason. Never changed."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="decisions")
    what = models.CharField()
    reason = models.CharField(blank=True, default="")
    by_name = models.CharField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d}"
