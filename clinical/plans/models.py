"""Treatment plans: what a patient wants to reach, what is done for it, how far it has come."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinical.patients.models import Patient
from clinical.practice.models import Practitioner
from clinical.practice.versioned import TemplateVersion, VersionedTemplate
from tenants.models import ClinicModel

GAS_RANGE = (-2, 2)
"""Goal attainment scaling: 0 is what was expected, +2 much more, -2 much less."""


class PlanTemplate(VersionedTemplate):
    """A protocol that plans start from. Plans keep what they took; earlier texts are kept."""

    discipline = models.CharField(blank=True, default="")
    interventions = models.TextField(blank=True, default="")
    frequency = models.CharField(blank=True, default="")
    expected_visits = models.PositiveSmallIntegerField(null=True, blank=True)
    weeks = models.PositiveSmallIntegerField(null=True, blank=True)
    review_weeks = models.PositiveSmallIntegerField(default=6)
    goals = models.JSONField(default=list)
    """[{"text", "target", "measure", "weeks"}] in order; `weeks` after the start it is due, or null."""


class PlanTemplateVersion(TemplateVersion):
    """What a template said at one time. Never changed."""

    template = models.ForeignKey(PlanTemplate, on_delete=models.CASCADE, related_name="versions")
    content = models.JSONField(default=dict)
    """The template's own columns by name."""

    class Meta(TemplateVersion.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["template", "number"], name="plans_templateversion_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.template_id} version {self.number}"


class Plan(ClinicModel):
    """A patient's plan. `reviewed` is an active one that has been gone through at least once."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        REVIEWED = "reviewed", "Reviewed"
        CLOSED = "closed", "Closed"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="plans")
    practitioner = models.ForeignKey(
        Practitioner, null=True, blank=True, on_delete=models.PROTECT, related_name="plans"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(blank=True, default="")
    title = models.CharField()
    template_name = models.CharField(blank=True, default="")
    """Name and version of the template it started from."""
    interventions = models.TextField(blank=True, default="")
    frequency = models.CharField(blank=True, default="")
    expected_visits = models.PositiveSmallIntegerField(null=True, blank=True)
    review_weeks = models.PositiveSmallIntegerField(default=6)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    review_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    outcome = models.TextField(blank=True, default="")
    """What was written when it was closed."""
    closed_on = models.DateField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)
    """Counts the saves, so that one who read an older text is told."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-starts_on", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["patient", "starts_on"], name="plans_plan_patient_starts"),
            models.Index(
                fields=["review_on"],
                name="plans_plan_review_due",
                condition=Q(state__in=["active", "reviewed"]),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "active", "reviewed", "closed"]),
                name="plans_plan_state",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="plans_plan_ends_later",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.ACTIVE, self.State.REVIEWED}

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_closed(self) -> bool:
        return self.state == self.State.CLOSED


class PlanGoal(ClinicModel):
    """One thing to be reached: specific, measurable, with a day by which."""

    class State(models.TextChoices):
        ACTIVE = "active", "Being worked on"
        ACHIEVED = "achieved", "Achieved"
        PARTLY = "partly", "Partly achieved"
        DROPPED = "dropped", "Dropped"

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="goals")
    position = models.PositiveSmallIntegerField(default=0)
    text = models.TextField()
    baseline = models.CharField(blank=True, default="")
    target = models.CharField(blank=True, default="")
    measure_code = models.CharField(blank=True, default="")
    """The code of an outcome measure by which it is seen."""
    due_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)

    class Meta:
        ordering: ClassVar = ["plan", "position", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["active", "achieved", "partly", "dropped"]),
                name="plans_plangoal_state",
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]


class GoalProgress(ClinicModel):
    """How far a goal had come on one day: in per cent, or on the scale of goal attainment."""

    class Scale(models.TextChoices):
        PERCENT = "percent", "Per cent"
        ATTAINMENT = "gas", "Goal attainment"

    goal = models.ForeignKey(PlanGoal, on_delete=models.CASCADE, related_name="progress")
    scale = models.CharField(max_length=7, choices=Scale)
    value = models.SmallIntegerField()
    noted_on = models.DateField()
    note = models.TextField(blank=True, default="")
    by_name = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["goal", "-noted_on", "-id"]
        verbose_name_plural = "goal progress"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(scale="percent", value__gte=0, value__lte=100)
                | Q(scale="gas", value__gte=-2, value__lte=2),
                name="plans_goalprogress_in_range",
            )
        ]

    def __str__(self) -> str:
        return f"{self.noted_on} {self.words}"

    @property
    def words(self) -> str:
        if self.scale == self.Scale.PERCENT:
            return f"{self.value} %"
        return f"{self.value:+d}" if self.value else "0"


class PlanReview(ClinicModel):
    """That a plan was gone through, and what came of it. Never changed."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="reviews")
    held_on = models.DateField()
    summary = models.TextField(blank=True, default="")
    next_review_on = models.DateField(null=True, blank=True)
    by_name = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-held_on", "-id"]

    def __str__(self) -> str:
        return f"{self.held_on} {self.by_name}"
