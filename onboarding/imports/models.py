"""What an import remembers: the file, its records as they stood, the mapping, and every row's fate."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q, Value

from onboarding.imports.connection.models import FileMakerConnection
from tenants.models import ClinicModel


class ImportSource(ClinicModel):
    """What one import reads: a file, several files as one job, or a server.

    `key` names the FileMaker solution through time: copies of it share one.
    """

    class Kind(models.TextChoices):
        FILE = "file", "One file"
        BUNDLE = "bundle", "Several files"
        DATA_API = "dataapi", "FileMaker Server (Data API)"
        ODATA = "odata", "FileMaker Server (OData)"

    LIVE: ClassVar = (Kind.DATA_API, Kind.ODATA)

    class State(models.TextChoices):
        RECEIVING = "receiving", "Being uploaded"
        RECEIVED = "received", "Uploaded"
        STAGED = "staged", "Read"
        REFUSED = "refused", "Refused"
        DISCARDED = "discarded", "Deleted"

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.FILE)
    key = models.CharField(max_length=120, blank=True, default="")
    file_name = models.CharField(max_length=255)
    storage_key = models.CharField(max_length=120)
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVING)
    problem = models.CharField(blank=True, default="")
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    """SHA-256 over table ids, field ids, types: the same for every copy of one solution."""
    structure = models.JSONField(default=dict)
    """Tables, fields, relationships, value lists and locale, as `structure.py` writes them."""
    profile = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    choices = models.JSONField(default=dict)
    """How a text file is written, as a person confirmed it; empty where it is guessed."""
    connection = models.ForeignKey(
        FileMakerConnection, null=True, on_delete=models.SET_NULL, related_name="sources"
    )
    """The server it is read from, of a live source."""
    uploaded_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_live(self) -> bool:
        """True of a running server: there is no file of ours to keep or delete."""
        return self.kind in self.LIVE


class SourceFile(ClinicModel):
    """One file of a bundle: a database or an export, or the zip of its external container folder.

    A data file that came in a zip has no bytes of its own: `archive` and `member` say where they are.
    A zip keeps the list of what it holds, so that pages need not open it.


    `slot` is the file's place in the composed table ids (`onboarding.filemaker.bundle.ids`): given
    once and kept for every later copy of the file, whatever else the job holds.
    """

    class Role(models.TextChoices):
        DATA = "data", "Records"
        CONTAINERS = "containers", "Files kept outside the database"
        ARCHIVE = "archive", "A zip of data files"

    class State(models.TextChoices):
        RECEIVING = "receiving", "Being uploaded"
        RECEIVED = "received", "Uploaded"
        REFUSED = "refused", "Refused"

    source = models.ForeignKey(ImportSource, on_delete=models.CASCADE, related_name="files")
    position = models.PositiveIntegerField()
    slot = models.PositiveIntegerField(null=True)
    role = models.CharField(max_length=12, choices=Role, default=Role.DATA)
    file_name = models.CharField(max_length=255)
    origin = models.CharField(max_length=255, blank=True, default="")
    """The zip it came in, as that was called; empty where it came by itself."""
    archive = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="members")
    member = models.TextField(blank=True, default="")
    listing = models.JSONField(default=list)
    """Of a zip: [path, size, CRC-32] of each file that is not itself a data file of the job."""
    storage_key = models.CharField(max_length=120, blank=True, default="")
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVING)
    problem = models.CharField(blank=True, default="")
    choices = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    """Of a data file, what a first look found: tables, records, and the files it refers to."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "position"], name="imports_file_place"),
            models.UniqueConstraint(
                fields=["source", "slot"],
                condition=Q(slot__isnull=False),
                name="imports_file_slot",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class Retention(ClinicModel):
    """How many days the clinic wants its uploaded files kept; without a row, the default."""

    days = models.PositiveIntegerField(default=30)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Value(1), name="imports_retention_once"),
            models.CheckConstraint(
                condition=Q(days__gte=1, days__lte=365), name="imports_retention_days"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} days"


class StagedRecord(ClinicModel):
    """One record as it stood in the file: `payload` is field id (and “:repetition”) → text.

    Kept only as long as the import is open: what was loaded keeps its text in `ImportLink.raw`.
    """

    source = models.ForeignKey(ImportSource, on_delete=models.CASCADE, related_name="records")
    table_id = models.IntegerField()
    record_id = models.BigIntegerField()
    modification_count = models.BigIntegerField(default=0)
    payload = models.JSONField()
    payload_hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "table_id", "record_id"], name="imports_staged_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.table_id}/{self.record_id}"


class Mapping(ClinicModel):
    """What becomes of each field, as the clinic confirmed it; every save is a new version."""

    fingerprint = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    spec = models.JSONField()
    saved_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["fingerprint", "-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["fingerprint", "version"], name="imports_mapping_once")
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class ImportRun(ClinicModel):
    """One walk from a file to the clinic's records. Only one at a time may be at work."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Uploaded"
        READING = "reading", "Reading the file"
        PROFILED = "profiled", "Ready to map"
        MAPPED = "mapped", "Mapping saved"
        CHECKING = "checking", "Dry run"
        CHECKED = "checked", "Dry run done"
        LOADING = "loading", "Loading"
        FILING = "filing", "Bringing the files over"
        MENDING = "mending", "Taking corrected records over"
        LOADED = "loaded", "Loaded"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"
        FAILED = "failed", "Stopped"

    WORKING: ClassVar = (
        State.READING,
        State.CHECKING,
        State.LOADING,
        State.FILING,
        State.MENDING,
        State.UNDOING,
    )

    class Mode(models.TextChoices):
        UPDATE = "update", "Bring up to date"
        REPLACE = "replace", "Full re-import"

    class ByHand(models.TextChoices):
        """What a full re-import does with records that did not come from its file."""

        KEEP = "keep", "Keep them"
        REMOVE = "remove", "Remove them"

    source = models.ForeignKey(ImportSource, on_delete=models.PROTECT, related_name="runs")
    mapping = models.ForeignKey(Mapping, null=True, on_delete=models.PROTECT, related_name="runs")
    state = models.CharField(max_length=12, choices=State, default=State.UPLOADED)
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.UPDATE)
    by_hand = models.CharField(max_length=8, choices=ByHand, default=ByHand.KEEP)
    stops_at_gaps = models.BooleanField(default=False)
    """True: what would be set aside stops the load. False: it is set aside and the rest is loaded."""
    failed_in = models.CharField(max_length=12, blank=True, default="")
    error = models.CharField(blank=True, default="")
    dry_report = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    undo_report = models.JSONField(default=dict)
    snapshot = models.JSONField(default=dict)
    """What was there before the load: rows and checksum of each table, and where the copy lies."""
    started_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    loaded_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Value(1),
                condition=Q(
                    state__in=["reading", "checking", "loading", "filing", "mending", "undoing"]
                ),
                name="imports_one_run_at_work",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source.file_name} ({self.get_state_display()})"

    @property
    def is_working(self) -> bool:
        return self.state in self.WORKING


class RunProgress(models.Model):
    """How far a run is, written beside its transaction so that the page sees it before the commit."""

    run = models.OneToOneField(
        ImportRun, primary_key=True, on_delete=models.CASCADE, related_name="progress"
    )
    phase = models.CharField(max_length=60, blank=True, default="")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    all_done = models.BigIntegerField(default=0)
    all_total = models.BigIntegerField(default=0)
    """The same over all phases of the step: what the time left is reckoned from."""
    lines = models.JSONField(default=list)
    """The log so far, as `PhaseLine.as_json` writes it; the run's own log is written at its end."""
    started_at = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    stop_requested = models.BooleanField(default=False)
    heartbeat_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.phase} {self.done}/{self.total}"


class RunPhase(ClinicModel):
    """One line of a run's log. Times are UTC; `errors` counts records that could not be taken."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="phases")
    number = models.PositiveSmallIntegerField(null=True)
    """Which of the phases 0 to 8 (`phases.py`) the line belongs to; none for steps around the load."""
    name = models.CharField(max_length=120)
    records = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0)
    note = models.CharField(blank=True, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.name

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.started_at).total_seconds()

    def as_json(self) -> dict[str, object]:
        """Answer the line as `PhaseLine.as_json` does."""
        return {
            "number": self.number,
            "name": self.name,
            "records": self.records,
            "errors": self.errors,
            "note": self.note,
            "seconds": round(self.seconds, 1),
            "began": self.started_at.isoformat(),
        }


class ImportLink(ClinicModel):
    """Which row of the clinic a FileMaker record became: what makes a second import an update."""

    source_key = models.CharField(max_length=120)
    table_id = models.IntegerField()
    record_id = models.BigIntegerField()
    target_type = models.CharField(max_length=24)
    target_id = models.UUIDField()
    payload_hash = models.CharField(max_length=64)
    rule_hash = models.CharField(max_length=64)
    """Of the table's part of the mapping: a changed mapping is a reason to update."""
    modification_count = models.BigIntegerField(default=0)
    raw = models.JSONField()
    """The record's text as it stood, whatever was made of it: label → text."""
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="links")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source_key", "table_id", "record_id"], name="imports_link_once"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["target_id"], name="imports_link_target")]

    def __str__(self) -> str:
        return f"{self.source_key}/{self.table_id}/{self.record_id}"


class RowResult(ClinicModel):
    """What a run did with one record of the file; exactly one for each."""

    class Outcome(models.TextChoices):
        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Unchanged"
        SKIPPED = "skipped", "Skipped"
        QUARANTINED = "quarantined", "Set aside"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="results")
    dry = models.BooleanField()
    table_id = models.IntegerField()
    record_id = models.BigIntegerField()
    outcome = models.CharField(max_length=12, choices=Outcome)
    reason = models.CharField(blank=True, default="")
    issues = models.JSONField(default=list)
    """[{"field": id, "code": …, "message": …}]: what was noticed, without the values."""
    target_id = models.UUIDField(null=True)
    raw = models.JSONField(null=True)
    """The text of a record that was set aside: it has no link to keep it."""
    is_mended = models.BooleanField(default=False)
    """It had been set aside, and a person's correction let it in or left it out."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "dry", "table_id", "record_id"], name="imports_result_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.table_id}/{self.record_id}: {self.outcome}"


class RowChange(ClinicModel):
    """One row of the clinic that a run touched, before and after: what undoing it needs."""

    class Action(models.TextChoices):
        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"
        DELETED = "deleted", "Deleted"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="changes")
    table_id = models.IntegerField(null=True)
    record_id = models.BigIntegerField(null=True)
    target_type = models.CharField(max_length=24)
    target_id = models.UUIDField()
    action = models.CharField(max_length=8, choices=Action)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["run", "target_type", "id"], name="imports_change_run"),
            models.Index(fields=["table_id", "record_id"], name="imports_change_record"),
            models.Index(fields=["target_id"], name="imports_change_target"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type}"


class Correction(ClinicModel):
    """What a person said of a record that was set aside. The record's own text is never changed.

    A cell's correction holds while the cell still stands as it `was`; a choice (`target`,
    `chosen_id`) and a leaving out hold while the record stands as it did (`payload_hash`).
    """

    class Kind(models.TextChoices):
        CELL = "cell", "A cell's text"
        CHOICE = "choice", "A record chosen by hand"
        LEAVE_OUT = "leave_out", "Left out"

    source_key = models.CharField(max_length=120)
    table_id = models.IntegerField()
    record_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    place = models.CharField(max_length=60, blank=True, default="")
    """The cell (field id, and “:repetition”), or the target of a choice; empty for leaving out."""
    was = models.TextField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    """The corrected text, or the reason for leaving out."""
    chosen_id = models.UUIDField(null=True)
    payload_hash = models.CharField(max_length=64)
    made_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["table_id", "record_id", "kind", "place"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source_key", "table_id", "record_id", "kind", "place"],
                name="imports_correction_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.table_id}/{self.record_id}: {self.kind} {self.place}"


class Verification(ClinicModel):
    """A loaded run held against a file again: what differs since, and why. Kept with the clinic."""

    class State(models.TextChoices):
        WAITING = "waiting", "Being compared"
        DONE = "done", "Compared"
        FAILED = "failed", "Stopped"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="verifications")
    source = models.ForeignKey(ImportSource, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    report = models.JSONField(default=dict)
    error = models.CharField(blank=True, default="")
    asked_by = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.run} against {self.source.file_name}"


class FileTask(ClinicModel):
    """One file of a run that is to be brought into storage, for the document it belongs to.

    `cell` is the container cell as it stood: an object inside the source, or paths outside of it.
    `reason` says in words why a file is missing or has failed, and of a stored one whether it was
    in storage already.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        STORED = "stored", "Stored"
        MISSING = "missing", "Missing"
        FAILED = "failed", "Failed"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="file_tasks")
    document_id = models.UUIDField(unique=True)
    table_id = models.IntegerField()
    record_id = models.BigIntegerField()
    field_id = models.IntegerField()
    cell = models.TextField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.TextField(blank=True, default="")
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["run", "state"], name="imports_task_state")]

    def __str__(self) -> str:
        return f"{self.table_id}/{self.record_id}: {self.state}"
