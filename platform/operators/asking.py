"""What an operator is asked before a job of a kind is asked for: one form for each kind.

The kinds are registered by those who can do them (`tenants.jobs`); a kind without a form here needs
nothing but a yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from django import forms

from onboarding.backups.selectors import clinics_can_come_from
from onboarding.subscription.offer import offer
from tenants import clusters, jobs
from tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONES = (
    "Australia/Sydney", "Australia/Melbourne", "Australia/Brisbane", "Australia/Adelaide",
    "Australia/Darwin", "Australia/Hobart", "Australia/Perth", "Pacific/Auckland",
    "Africa/Johannesburg", "Europe/London",
)  # fmt: skip
REGIONS = (
    ("AU", "Australia"),
    ("NZ", "New Zealand"),
    ("ZA", "South Africa"),
    ("UK", "United Kingdom"),
)
MAIN = "main"
"""How a move calls the platform's own database."""
State = Tenant.State
OPEN = (State.ACTIVE, State.READ_ONLY, State.SUSPENDED)


class AskForm(forms.Form):
    """The parameters of one kind of job. Empty answers are left out."""

    def __init__(self, *args: Any, tenant: Tenant | None, **kwargs: Any) -> None:
        self.tenant = tenant
        super().__init__(*args, **kwargs)

    def params(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value not in {"", None}}


def _text(label: str, *, most: int, required: bool = True, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=most,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _reason(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="Reason",
        max_length=300,
        required=False,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CreateForm(AskForm):
    name = _text("Name of the clinic", most=120)
    subdomain = _text(
        "Address", most=40, help_text="Lower-case letters, digits and hyphens: it becomes the host."
    )
    time_zone = forms.ChoiceField(label="Time zone", choices=[(zone, zone) for zone in ZONES])
    region = forms.ChoiceField(label="Region", choices=REGIONS)
    plan = forms.ChoiceField(label="Plan")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plans = [(plan.name, plan.title) for plan in offer().plans]
        self.fields["plan"].choices = plans  # type: ignore[attr-defined]
        self.fields["plan"].initial = offer().trial.plan


class RenameForm(AskForm):
    subdomain = _text("New address", most=40, help_text="The old one leads to the new one.")
    name = _text("New name", most=120, required=False, help_text="Empty: it keeps its name.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.tenant is not None:
            self.fields["subdomain"].initial = self.tenant.subdomain


class SuspendForm(AskForm):
    mode = forms.ChoiceField(
        label="How far",
        choices=[
            ("read_only", "Read only: people look things up, nothing is changed"),
            ("closed", "Closed: nobody gets in"),
        ],
        widget=forms.RadioSelect,
        initial="read_only",
    )
    reason = _reason(
        "The clinic’s people read this; while it is closed, whoever opens its address."
    )


class ArchiveForm(AskForm):
    reason = _reason("The clinic’s people read this.")


class CloneForm(AskForm):
    target = _text("Address of the sandbox", most=40)
    name = _text("Name of the sandbox", most=120, required=False)
    email = forms.EmailField(
        label="Who is to sign in there",
        required=False,
        help_text="Somebody of the clinic’s staff; empty: its owner.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.tenant is not None:
            self.fields["target"].initial = f"{self.tenant.subdomain[:30]}-sandbox"


class MoveForm(AskForm):
    cluster = forms.ChoiceField(label="Database to move to")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(MAIN, "the platform’s own"), *((name, name) for name in clusters.names())]
        here = (self.tenant.cluster or MAIN) if self.tenant is not None else ""
        others = [choice for choice in choices if choice[0] != here]
        self.fields["cluster"].choices = others  # type: ignore[attr-defined]


class PlanForm(AskForm):
    plan = forms.ChoiceField(label="Plan")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].choices = plan_choices()  # type: ignore[attr-defined]
        if self.tenant is not None:
            self.fields["plan"].initial = self.tenant.plan


class ExportForm(AskForm):
    with_files = forms.BooleanField(label="With all files", required=False, initial=True)


class DeleteForm(AskForm):
    confirm = _text("Type the clinic’s address", most=40)
    days = forms.IntegerField(
        label="Days of grace",
        min_value=0,
        max_value=365,
        required=False,
        help_text="In which it can be called off. Empty: as the platform does it.",
    )
    export_first = forms.BooleanField(
        label="Only if everything was exported within the last two weeks",
        required=False,
        initial=True,
    )

    def clean_confirm(self) -> str:
        typed = str(self.cleaned_data["confirm"]).strip()
        if self.tenant is None or typed != self.tenant.subdomain:
            raise forms.ValidationError("This is not the clinic’s address.")
        return typed


class NewClinicForm(AskForm):
    """What every restore is asked."""

    subdomain = _text("Address of the new clinic", most=40)
    name = _text("Name of the new clinic", most=120, required=False, help_text="Empty: as it was.")
    is_copy = forms.BooleanField(
        label="The clinic it comes from lives on",
        required=False,
        help_text="Then the new one takes none of its connections over.",
    )


class RebuildForm(NewClinicForm):
    backup = forms.ChoiceField(label="Backup")
    of = _text(
        "Address of the clinic in it",
        most=40,
        required=False,
        help_text="Of a backup of the whole platform only.",
    )
    field_order = ("backup", "of", "subdomain", "name", "is_copy")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (
                str(backup.pk),
                f"{backup.subdomain or 'Whole platform'}, {backup.as_of:%d %b %Y %H:%M} UTC, "
                f"{backup.counts.get('rows', 0):,} rows",
            )
            for backup in clinics_can_come_from()
        ]
        self.fields["backup"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            self.fields["backup"].help_text = "None yet. “Backup” on a clinic’s page writes one."


class RestoreForm(NewClinicForm):
    path = _text("Archive", most=500, help_text="Its path in the folder “restore” of the server.")
    field_order = ("path", "subdomain", "name", "is_copy")

    def clean_path(self) -> str:
        path = PurePosixPath(self.cleaned_data["path"])
        if path.is_absolute() or ".." in path.parts:
            raise forms.ValidationError(
                "Name a file in the folder “restore”, not a place elsewhere."
            )
        return str(path)


@dataclass(frozen=True)
class Asked:
    """What stands on the page that asks for a kind of job."""

    about: str
    form: type[AskForm] = AskForm
    tone: str = "primary"
    icon: str = "player-play"
    states: tuple[str, ...] | None = OPEN
    """In which states of the clinic it makes sense; None: it is of no clinic."""
    of_platform: bool = False
    """Whether it can be asked for without a clinic too: for all of them, or for any."""

    def is_for(self, tenant: Tenant | None) -> bool:
        """Whether it is asked for of a clinic, or of none."""
        if tenant is None:
            return self.states is None or self.of_platform
        return self.states is not None


ASKED: dict[str, Asked] = {
    "create": Asked(
        "A clinic of its own, with its tables and its address, in seconds. Invite its owner afterwards.",
        CreateForm, icon="building-plus", states=None,
    ),
    "rename": Asked("Another address; the old one leads to it.", RenameForm, icon="edit"),
    "suspend": Asked(
        "Nobody, or nobody who changes something, gets in. Nothing is lost.",
        SuspendForm, "danger", "player-pause", (State.ACTIVE, State.READ_ONLY),
    ),
    "reactivate": Asked(
        "Open it again.", icon="player-play",
        states=(State.READ_ONLY, State.SUSPENDED, State.ARCHIVED, State.DELETING),
    ),
    "archive": Asked(
        "Closed for good, all of it kept.", ArchiveForm, "danger", "archive", OPEN,
    ),
    "plan": Asked(
        "Refused where the clinic is too big for it already.", PlanForm, icon="credit-card",
    ),
    "export": Asked(
        "One archive with everything the clinic has. It stands in the clinic’s own list, where its "
        "owner takes it; operators do not get it.",
        ExportForm, icon="package-export", states=(*OPEN, State.ARCHIVED),
    ),
    "clone": Asked(
        "A copy to try things in, in which nobody can be recognised.", CloneForm, icon="copy",
    ),
    "move": Asked(
        "To another database; for a few seconds it can only be read.", MoveForm, icon="transfer",
    ),
    "backup": Asked("Written and read back now, besides the nightly one.", icon="database-export",
                    of_platform=True),
    "drill": Asked(
        "Backed up, restored beside itself, compared, dropped again. Without a clinic, of any.",
        icon="lifebuoy", of_platform=True,
    ),
    "delete": Asked(
        "After a time of grace all is erased, its keys shredded, and a certificate written. A second "
        "operator must approve.",
        DeleteForm, "danger", "trash", (*OPEN, State.ARCHIVED),
    ),
    "restore": Asked(
        "A new clinic out of an archive, compared with it to the last row.",
        RestoreForm, icon="restore", states=None,
    ),
    "rebuild": Asked(
        "A new clinic out of one of our backups, compared with it to the last row.",
        RebuildForm, icon="database-import", states=None,
    ),
    "migrate": Asked(
        "All clinics to this version’s tables, one after the other.", icon="git-merge", states=None,
    ),
    "selfcheck": Asked("Every nightly look, now.", icon="stethoscope", states=None),
}  # fmt: skip


def asked(kind: jobs.Kind) -> Asked | None:
    """Answer what is asked before such a job; None for kinds that operators do not ask for."""
    return ASKED.get(kind.name)


def kind_for(name: str, tenant: Tenant | None) -> tuple[jobs.Kind, Asked]:
    """Answer a kind that can be asked for of this clinic, or of none. Raises JobError."""
    kind = jobs.kind_named(name)
    shape = asked(kind)
    if shape is None:
        raise jobs.JobError(f"{kind.title} is not for operators to ask for.")
    if not shape.is_for(tenant):
        whose = "a clinic" if tenant is None else "the platform as a whole"
        raise jobs.JobError(f"{kind.title} is asked for of {whose}.")
    return kind, shape


def plan_choices() -> list[tuple[str, str]]:
    return [(plan.name, plan.title) for plan in offer().offered]


@dataclass(frozen=True)
class Ask:
    """One entry of what can be asked for."""

    kind: jobs.Kind
    asked: Asked


def open_to(tenant: Tenant) -> Sequence[Ask]:
    """Answer what can be asked for of a clinic as it stands."""
    return [ask for ask in all_asks() if tenant.state in (ask.asked.states or ())]


def open_to_platform() -> Sequence[Ask]:
    """Answer what can be asked for that is of no clinic, or of one that is not there yet."""
    return [ask for ask in all_asks() if ask.asked.is_for(None)]


def all_asks() -> list[Ask]:
    """Answer what operators can ask for of all that is registered, in the order of ASKED."""
    known = {kind.name: kind for kind in jobs.kinds()}
    return [Ask(known[name], shape) for name, shape in ASKED.items() if name in known]
