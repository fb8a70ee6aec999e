"""What the staff write to each other, about a patient or not, and the tasks that come of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinical.documents.sniffing import INLINE_IMAGES, INLINE_PDF
from clinical.patients.models import Patient
from tenants.models import ClinicModel


class Thread(ClinicModel):
    """A conversation between some people, or all of the team; as a task it has somebody to do it."""

    class Task(models.TextChoices):
        NONE = "", "No task"
        OPEN = "open", "Open"
        DONE = "done", "Done"

    class Priority(models.IntegerChoices):
        HIGH = 1, "High"
        NORMAL = 2, "Normal"
        LOW = 3, "Low"

    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="threads"
    )
    subject = models.CharField()
    is_for_team = models.BooleanField(default=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="threads_begun",
    )
    task = models.CharField(max_length=4, choices=Task, default=Task.NONE, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="tasks",
    )
    due_on = models.DateField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField()
    last_post_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-last_post_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["-last_post_at", "-id"], name="threads_thread_latest"),
            models.Index(fields=["patient", "-last_post_at"], name="threads_thread_of_patient"),
            models.Index(
                fields=["assignee", "due_on"],
                name="threads_thread_open_tasks",
                condition=Q(task="open"),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(task__in=["", "open", "done"]), name="threads_thread_task"
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=1, priority__lte=3), name="threads_thread_priority"
            ),
            models.CheckConstraint(
                condition=Q(task="done", done_at__isnull=False)
                | (~Q(task="done") & Q(done_at__isnull=True)),
                name="threads_thread_done_has_a_time",
            ),
            models.CheckConstraint(condition=~Q(subject=""), name="threads_thread_has_a_subject"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_task(self) -> bool:
        return self.task != self.Task.NONE


class Participant(ClinicModel):
    """Somebody who reads a thread. For the whole team: everybody who was there when it began."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="participations"
    )
    unread_since = models.DateTimeField(null=True, blank=True)
    """When the first post came that they have not read; None: all are read."""

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(
                fields=["user"],
                name="threads_participant_unread",
                condition=Q(unread_since__isnull=False),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["thread", "user"], name="threads_participant_once"),
        ]

    def __str__(self) -> str:
        return str(self.user)


class Post(ClinicModel):
    """What somebody wrote, or what was done to the task (`is_event`)."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="posts")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="posts"
    )
    author_name = models.CharField()
    body = models.TextField()
    is_event = models.BooleanField(default=False)
    mentions = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="mentioned_in", db_table="threads_mention"
    )
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["thread", "created_at", "id"], name="threads_post_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.author_name}, {self.created_at:%Y-%m-%d %H:%M}"


class Attachment(ClinicModel):
    """A file that came with a post; its bytes lie in the clinic's storage under `storage_key`."""

    class Scan(models.TextChoices):
        PENDING = "pending", "Virus scan pending"
        CLEAN = "clean", "Scanned, clean"
        INFECTED = "infected", "Infected"
        NOT_SCANNED = "not_scanned", "Not scanned"

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="attachments")
    file_name = models.CharField()
    media_type = models.CharField()
    size = models.BigIntegerField(help_text="In bytes.")
    sha256 = models.CharField(max_length=64, db_collation="C")
    storage_key = models.CharField(db_collation="C")
    scan = models.CharField(max_length=11, choices=Scan, default=Scan.PENDING)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [
            models.Index(
                fields=["id"], name="threads_attachment_unscanned", condition=Q(scan="pending")
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(scan__in=["pending", "clean", "infected", "not_scanned"]),
                name="threads_attachment_scan",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_servable(self) -> bool:
        return self.scan in {self.Scan.CLEAN, self.Scan.NOT_SCANNED}

    @property
    def shows_as(self) -> str:
        """`image` or `pdf` where a browser shows it, else ``."""
        if self.media_type in INLINE_IMAGES:
            return "image"
        return "pdf" if self.media_type == INLINE_PDF else ""
