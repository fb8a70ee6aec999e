"""Settings → Data management: how much is in the clinic, and what was last brought in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from billing_integrations.invoices.models import PastInvoice
from clinical.appointments.models import Appointment
from clinical.contacts.models import Contact
from clinical.documents.models import Document
from clinical.letters.models import Letter
from clinical.messages.models import Message, Reminder
from clinical.notes.models import Note
from clinical.patients.models import Patient
from onboarding.imports.connection.models import FileMakerConnection
from onboarding.imports.models import ImportRun, ImportSource, RowResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

HISTORY = 20


@dataclass(frozen=True)
class Linking:
    """Files of one kind: of a patient, or of nobody yet; and how their bytes stand."""

    label: str
    linked: int
    unlinked: int
    stored: int
    awaiting: int
    missing: int
    refused: int

    @property
    def total(self) -> int:
        return self.linked + self.unlinked


@dataclass(frozen=True)
class DataStatus:
    """Counts for the page; each is one pass over an index or a small table."""

    patients: int
    archived: int
    appointments: int
    others: Sequence[tuple[str, int]]
    files: Sequence[Linking]
    set_aside: int


def data_status() -> DataStatus:
    """Count the clinic's records."""
    people = Patient.objects.aggregate(
        all=Count("pk"), archived=Count("pk", filter=Q(is_archived=True))
    )
    run = last_loaded_run()
    return DataStatus(
        people["all"],
        people["archived"],
        Appointment.objects.exclude(patient=None).count(),
        [
            ("Notes", Note.objects.count()),
            ("Letters", Letter.objects.count()),
            ("Reminders", Reminder.objects.count()),
            ("Messages", Message.objects.count()),
            ("Contacts and referrers", Contact.objects.count()),
            ("Past invoices", PastInvoice.objects.count()),
        ],
        [
            _linking("Documents", Document.Kind.DOCUMENT),
            _linking("Images", Document.Kind.IMAGE),
        ],
        RowResult.objects.filter(run=run, dry=False, outcome="quarantined").count() if run else 0,
    )


def _linking(label: str, kind: str) -> Linking:
    state = Document.State
    counted = Document.objects.filter(kind=kind).aggregate(
        linked=Count("pk", filter=Q(patient__isnull=False)),
        unlinked=Count("pk", filter=Q(patient=None)),
        stored=Count("pk", filter=Q(state=state.STORED)),
        awaiting=Count("pk", filter=Q(state=state.AWAITING)),
        missing=Count("pk", filter=Q(state=state.MISSING)),
        refused=Count("pk", filter=Q(state=state.REFUSED)),
    )
    return Linking(label, **counted)


def last_loaded_run() -> ImportRun | None:
    """Answer the newest run whose records are here, without its reports."""
    loaded = ImportRun.objects.filter(loaded_at__isnull=False, undone_at=None)
    return (
        loaded.select_related("source", "mapping")
        .defer("dry_report", "undo_report", "source__structure", "source__profile", "mapping__spec")
        .order_by("-loaded_at")
        .first()
    )


def run_at_work() -> ImportRun | None:
    working = ImportRun.objects.filter(state__in=ImportRun.WORKING)
    return working.select_related("source", "progress").first()


def history() -> QuerySet[ImportRun]:
    """Answer the last runs, newest first, with their figures and without the rest of their reports."""
    runs = ImportRun.objects.select_related("source").defer(
        "dry_report", "undo_report", "source__structure", "source__profile"
    )
    return runs[:HISTORY]


def connections() -> QuerySet[FileMakerConnection]:
    return FileMakerConnection.objects.all()[:5]


def readable_sources() -> Sequence[ImportSource]:
    """Answer what has been read and is still here, newest first: what a run can begin from."""
    staged = ImportSource.objects.filter(state=ImportSource.State.STAGED)
    return list(staged.defer("structure", "profile")[:20])
