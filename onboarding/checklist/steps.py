"""The steps of the set-up: what each asks the clinic's rows, and the page that does it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from billing_integrations.invoices.models import BillingDetails, ItemForType
from clinical.messages.texting_models import ReminderRule
from clinical.notes.models import TemplateDefault
from clinical.practice.models import AppointmentType, Location, LocationHours, Practitioner
from connections.models import Connection
from connections.selectors import IN_USE
from onboarding.demo_data.selectors import demo_keys
from onboarding.imports.data_status import last_loaded_run, run_at_work

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from tenants.models import Tenant

_COUNTED = (User, Location, Practitioner, AppointmentType, ReminderRule, BillingDetails)


class Facts:
    """What several steps ask for, asked once; the demo's rows are left out."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    @cached_property
    def _demo(self) -> dict[str, set[str]]:
        return demo_keys(*(model._meta.db_table for model in _COUNTED))

    def own(self, model: Any) -> QuerySet[Any]:
        """Answer the clinic's own rows of a model."""
        demo = self._demo.get(model._meta.db_table)
        found: QuerySet[Any] = model.objects.exclude(pk__in=demo or ())
        return found

    @cached_property
    def locations(self) -> list[Any]:
        hours = Exists(LocationHours.objects.filter(location=OuterRef("pk")))
        return list(self.own(Location).filter(is_active=True).annotate(has_hours=hours))

    @cached_property
    def clinicians(self) -> list[Any]:
        found = self.own(Practitioner).filter(is_active=True)
        rows = Practitioner.roster_hours.rel.related_model.objects  # type: ignore[attr-defined]
        return list(found.annotate(has_hours=Exists(rows.filter(practitioner=OuterRef("pk")))))

    @cached_property
    def types(self) -> list[Any]:
        priced = Exists(ItemForType.objects.filter(appointment_type=OuterRef("pk")))
        noted = Exists(TemplateDefault.objects.filter(appointment_type=OuterRef("pk")))
        found = self.own(AppointmentType).filter(is_active=True)
        return list(found.annotate(is_priced=priced, is_noted=noted))

    @cached_property
    def people(self) -> list[Any]:
        factor = Exists(TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True))
        return list(self.own(User).filter(is_active=True).annotate(has_factor=factor))


@dataclass(frozen=True)
class Found:
    """What a step found: whether it is done, and in words what stands there or is missing."""

    is_done: bool
    words: str


@dataclass(frozen=True)
class Link:
    """A page where a step is done."""

    label: str
    url_name: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step; `links` leads to where it is done, the first one before all."""

    key: str
    title: str
    about: str
    icon: str
    look: Callable[[Facts], Found]
    links: tuple[Link, ...]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _practice(facts: Facts) -> Found:
    details = facts.own(BillingDetails).first()
    missing = [
        words
        for words, value in (
            ("the legal name", details and details.legal_name),
            ("the ABN", details and details.abn),
        )
        if not value
    ]
    where = f"{facts.tenant.name}, {facts.tenant.region}, {facts.tenant.time_zone}"
    if missing:
        return Found(is_done=False, words=f"{where}. Missing: {' and '.join(missing)}.")
    return Found(is_done=True, words=where)


def _locations(facts: Facts) -> Found:
    if not facts.locations:
        return Found(is_done=False, words="None yet.")
    without = [str(each) for each in facts.locations if not each.has_hours]
    if without:
        return Found(is_done=False, words=f"No hours yet: {', '.join(without[:5])}.")
    return Found(is_done=True, words=f"{_many(len(facts.locations), 'location')} with hours")


def _team(facts: Facts) -> Found:
    invited = sum(person.invited_at is not None for person in facts.people)
    if len(facts.people) < 2:  # noqa: PLR2004 - the owner alone
        return Found(is_done=False, words="Only you so far. Work alone? Skip this.")
    open_words = f", {invited} of them invited" if invited else ""
    return Found(is_done=True, words=f"{len(facts.people)} people{open_words}")


def _types(facts: Facts) -> Found:
    if not facts.types:
        return Found(is_done=False, words="None yet.")
    total = len(facts.types)
    priced = sum(each.is_priced for each in facts.types)
    noted = sum(each.is_noted for each in facts.types)
    words = (
        f"{_many(total, 'type')}; {priced} with price and item code, {noted} with a note template"
    )
    return Found(is_done=priced == noted == total, words=words)


def _rosters(facts: Facts) -> Found:
    if not facts.clinicians:
        return Found(is_done=False, words="No clinician yet.")
    without = [each.name for each in facts.clinicians if not each.has_hours]
    if without:
        return Found(is_done=False, words=f"No hours yet: {', '.join(without[:5])}.")
    return Found(is_done=True, words=f"{_many(len(facts.clinicians), 'clinician')} with hours")


def _reminders(facts: Facts) -> Found:
    on = facts.own(ReminderRule).filter(is_on=True).count()
    return Found(on > 0, f"{_many(on, 'rule')} on" if on else "No rule is on.")


def _integrations(_facts: Facts) -> Found:
    connected = Connection.objects.filter(state__in=IN_USE).count()
    return Found(connected > 0, f"{connected} connected" if connected else "Nothing connected yet.")


def _import(_facts: Facts) -> Found:
    if run_at_work() is not None:
        return Found(is_done=False, words="An import is at work.")
    run = last_loaded_run()
    if run is None:
        return Found(
            is_done=False, words="Nothing imported yet. Beginning from nothing? Skip this."
        )
    return Found(is_done=True, words=f"Loaded on {timezone.localdate(run.loaded_at):%-d %B %Y}")


def _factors(facts: Facts) -> Found:
    joined = [person for person in facts.people if person.invited_at is None]
    have = sum(person.has_factor for person in joined)
    words = f"{have} of {len(joined)} who sign in have a second factor"
    return Found(bool(joined) and have == len(joined), words)


def _go_live(facts: Facts) -> Found:
    day = facts.tenant.went_live_at
    return Found(day is not None, f"{day:%-d %B %Y}" if day else "Not decided yet.")


STEPS: tuple[Step, ...] = (
    Step(
        "practice",
        "Practice and region",
        "Its name and clock, whose law on records holds, and how it stands on bills.",
        "building-hospital",
        _practice,
        (
            Link("Name and region", "subscription:details"),
            Link("Legal name and ABN", "invoices:settings"),
        ),
    ),
    Step(
        "two-factor",
        "Two factors for everyone",
        "Yours is on since your first sign-in. Clinical records deserve it from the whole team.",
        "shield-check",
        _factors,
        (Link("Who has one", "accounts:staff"),),
    ),
    Step(
        "locations",
        "Locations",
        "Places where patients are seen, each with its colour in the diary and its hours.",
        "building",
        _locations,
        (Link("Locations and hours", "practice:list", ("locations",)),),
    ),
    Step(
        "team",
        "Team",
        "Invite people with the role their work needs. Who has left stands in the history by name.",
        "users-group",
        _team,
        (
            Link("Invite somebody", "accounts:invite"),
            Link("Clinicians", "practice:list", ("clinicians",)),
            Link("Former staff", "practice:former"),
        ),
    ),
    Step(
        "types",
        "Appointment types",
        "Colour and minutes, what each costs under which item code, and the note it begins with.",
        "calendar-time",
        _types,
        (
            Link("Types, minutes, colours", "practice:list", ("appointment-types",)),
            Link("Prices and item codes", "invoices:visit_items"),
            Link("Note templates", "notes:templates"),
        ),
    ),
    Step(
        "rosters",
        "Rosters",
        "The hours each clinician works, and where.",
        "clock",
        _rosters,
        (Link("Clinicians and hours", "practice:list", ("clinicians",)),),
    ),
    Step(
        "reminders",
        "Reminders",
        "When patients are reminded, and by what words. Nothing is sent before a rule is on.",
        "bell",
        _reminders,
        (Link("Reminders", "clinic_messages:rules"),),
    ),
    Step(
        "integrations",
        "Integrations",
        "Your own Xero, mailbox, texts and storage.",
        "plug-connected",
        _integrations,
        (Link("Integrations", "integrations:list"),),
    ),
    Step(
        "import",
        "Bring your history along",
        "Upload your FileMaker file, look into it, run it dry, load it; or undo it.",
        "database-import",
        _import,
        (Link("Import", "imports:list"),),
    ),
    Step(
        "go-live",
        "First day",
        "From which day on you work in Nexus.",
        "rocket",
        _go_live,
        (Link("Choose the day", "subscription:go_live"),),
    ),
)
