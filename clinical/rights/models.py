"""What people ask about their own records, what the clinic decided, and what it has destroyed."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from clinical.patients.models import Patient
from tenants.models import ClinicModel


class RightsSettings(ClinicModel):
    """The clinic's jurisdiction, where it is not simply the country it was set up in."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    jurisdiction = models.CharField(max_length=10, blank=True, default="")
    contact = models.CharField(blank=True, default="")
    """Whom people write to about privacy: printed on statements."""

    def __str__(self) -> str:
        return self.jurisdiction


class RightsRequest(ClinicModel):
    """What a person asked about their record, by when it must be answered, what became of it."""

    class Kind(models.TextChoices):
        ACCESS = "access", "Copy of the record"
        CORRECTION = "correction", "Correction"
        RESTRICTION = "restriction", "Restriction of uses"
        ERASURE = "erasure", "Erasure"

    class State(models.TextChoices):
        OPEN = "open", "To be answered"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="rights_requests")
    kind = models.CharField(max_length=12, choices=Kind)
    asked_on = models.DateField()
    due_on = models.DateField()
    asked_by = models.CharField(blank=True, default="")
    """Who asked, where it was not the person; and how it was made sure who they are."""
    words = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    decided_on = models.DateField(null=True)
    decided_by = models.CharField(blank=True, default="")
    reason = models.TextField(blank=True, default="")
    """What the person was told: what was done, or why not."""
    recorded_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["due_on", "id"]
        indexes: ClassVar = [
            models.Index(fields=["state", "due_on"], name="rights_request_due"),
            models.Index(fields=["patient", "-asked_on"], name="rights_request_patient"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="open", decided_on=None)
                | ~Q(state="open") & Q(decided_on__isnull=False),
                name="rights_request_decided",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} asked on {self.asked_on}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class Statement(ClinicModel):
    """A person's own words beside what the clinic did not correct; shown with the record."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(
        RightsRequest, null=True, on_delete=models.SET_NULL, related_name="statements"
    )
    about = models.CharField(blank=True, default="")
    text = models.TextField()
    attached_on = models.DateField()
    attached_by = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-attached_on", "-id"]

    def __str__(self) -> str:
        return self.about or "Statement of the person"


class Restriction(ClinicModel):
    """Uses of a person's information that are stopped until it ends; see `clinical.rights.uses`."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(
        RightsRequest, null=True, on_delete=models.SET_NULL, related_name="restrictions"
    )
    uses = ArrayField(models.CharField(max_length=20))
    reason = models.TextField(blank=True, default="")
    began_at = models.DateTimeField()
    began_by = models.CharField(blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-began_at"]
        indexes: ClassVar = [
            models.Index(
                fields=["patient"], name="rights_restriction_running", condition=Q(ended_at=None)
            )
        ]

    def __str__(self) -> str:
        return ", ".join(self.uses)


class LegalHold(ClinicModel):
    """Why a record must not be destroyed, whoever asks: a claim, an inquiry, a subpoena."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    why = models.TextField()
    until = models.DateField(null=True)
    """The last day; none: until it is lifted."""
    placed_by = models.CharField(blank=True, default="")
    placed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(blank=True, default="")
    lift_reason = models.TextField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-placed_at"]
        indexes: ClassVar = [
            models.Index(
                fields=["patient"], name="rights_hold_standing", condition=Q(lifted_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.why


class RetentionFact(ClinicModel):
    """What decides how long a record is kept and stands nowhere else."""

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="+")
    died_on = models.DateField(null=True, blank=True)
    is_for_life = models.BooleanField(default=False)
    """Where the law keeps records of the mentally impaired for life."""
    note = models.TextField(blank=True, default="")
    recorded_by = models.CharField(blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"died {self.died_on}" if self.died_on else "kept for life"


class PersonExport(ClinicModel):
    """One copy of a person's record for the person: a PDF, FHIR and their files, in one archive."""

    class State(models.TextChoices):
        WAITING = "waiting", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Stopped"
        DELETED = "deleted", "Deleted"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(
        RightsRequest, null=True, on_delete=models.SET_NULL, related_name="exports"
    )
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    with_files = models.BooleanField(default=True)
    storage_key = models.CharField(blank=True, default="", db_collation="C")
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    holds = models.JSONField(default=dict)
    """What came along, in figures; what did not, and why."""
    problem = models.CharField(blank=True, default="")
    asked_by = models.CharField(blank=True, default="")
    asked_by_id = models.CharField(max_length=36, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.created_at:%Y-%m-%d}"


class Erasure(ClinicModel):
    """Records that are to be destroyed, or were: asked for by one person, approved by another.

    Nothing here refers to a patient: it outlives them.
    """

    class Basis(models.TextChoices):
        REQUEST = "request", "The person has asked for it"
        RETENTION = "retention", "Need not be kept any longer"

    class State(models.TextChoices):
        ASKED = "asked", "Waiting for a second person"
        APPROVED = "approved", "Approved"
        DONE = "done", "Done"
        DECLINED = "declined", "Declined"

    basis = models.CharField(max_length=10, choices=Basis)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    reason = models.TextField(blank=True, default="")
    people = ArrayField(models.UUIDField())
    """Whose records; with each, what was merged into it."""
    asked_by = models.CharField()
    asked_by_id = models.CharField(max_length=36)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(blank=True, default="")
    decided_by_id = models.CharField(max_length=36, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=list)
    """[{"number", "why"}] of those that must not be destroyed after all."""
    problem = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(decided_by_id="") | ~Q(decided_by_id=models.F("asked_by_id")),
                name="rights_erasure_two_people",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_basis_display()}, {len(self.people)}"


class ErasedRow(ClinicModel):
    """Working list of one erasure, gone when it is done: rows, files, and words to look for."""

    class Kind(models.TextChoices):
        ROW = "row", "Row"
        FILE = "file", "File"
        WORD = "word", "Word"

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="rows")
    person = models.UUIDField()
    kind = models.CharField(max_length=4, choices=Kind)
    table = models.CharField(max_length=63, blank=True, default="")
    key = models.TextField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["erasure", "person", "kind"], name="rights_erasedrow_of")
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.key}"


class Destruction(ClinicModel):
    """One line of the destruction register: as much of the name as the law asks for, and when."""

    erasure = models.ForeignKey(Erasure, on_delete=models.PROTECT, related_name="destructions")
    name = models.CharField(blank=True, default="")
    number = models.BigIntegerField(null=True)
    covers_from = models.DateField(null=True)
    covers_until = models.DateField(null=True)
    destroyed_on = models.DateField()
    basis = models.TextField(blank=True, default="")
    transferred_to = models.CharField(blank=True, default="")
    asked_by = models.CharField(blank=True, default="")
    approved_by = models.CharField(blank=True, default="")
    counts = models.JSONField(default=dict)
    """Table → rows destroyed; `files`, `payloads`, `kept` beside."""
    left = models.JSONField(default=list)
    """[{"table", "column", "rows"}]: where the person's words may still stand, for somebody to look."""

    class Meta:
        ordering: ClassVar = ["-destroyed_on", "-id"]

    def __str__(self) -> str:
        return f"{self.name} {self.destroyed_on}"


class Breach(ClinicModel):
    """A data breach, suspected or known, until it is closed."""

    title = models.CharField(max_length=200)
    happened = models.TextField(blank=True, default="")
    """What happened, in the words of the statement."""
    kinds = models.TextField(blank=True, default="")
    """What kinds of information."""
    advice = models.TextField(blank=True, default="")
    """What the people should do."""
    contained = models.TextField(blank=True, default="")
    people_count = models.PositiveIntegerField(null=True, blank=True)
    found_on = models.DateField()
    due_on = models.DateField()
    """By when it must be assessed."""
    state = models.CharField(max_length=20, default="suspected")
    """The key of the last step: see the policy files."""
    is_closed = models.BooleanField(default=False)
    recorded_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["is_closed", "due_on", "-id"]
        verbose_name_plural = "breaches"

    def __str__(self) -> str:
        return self.title


class BreachStep(ClinicModel):
    """One step that was taken. Only ever added."""

    breach = models.ForeignKey(Breach, on_delete=models.CASCADE, related_name="steps")
    key = models.CharField(max_length=20)
    on = models.DateField()
    words = models.TextField(blank=True, default="")
    by_name = models.CharField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at", "id"]

    def __str__(self) -> str:
        return self.key


class ResearchExtract(ClinicModel):
    """Figures about many people without names, and what was done so that nobody can be found."""

    class State(models.TextChoices):
        WAITING = "waiting", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Stopped"

    purpose = models.TextField()
    fields = ArrayField(models.CharField(max_length=30))
    k = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    asked_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    figures = models.JSONField(default=dict)
    """people, left_out, suppressed, rows, smallest."""
    storage_key = models.CharField(blank=True, default="", db_collation="C")
    size = models.BigIntegerField(null=True)
    problem = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(k__gte=2), name="rights_extract_k")
        ]

    def __str__(self) -> str:
        return self.purpose
