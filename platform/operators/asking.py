"""What an operator is asked before a job of a kind is asked for: one form for each kind.

The kinds are registered by those who can do them (`tenants.jobs`); a kind without a form here needs
nothing but a yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms

from onboarding.subscription.offer import offer
from tenants import jobs
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
        self.fields["plan"].choices = plan_choices()  # type: ignore[attr-defined]


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
    reason = _reason("The clinic’s people read this.")


class ArchiveForm(AskForm):
    reason = _reason("The clinic’s people read this.")


class CloneForm(AskForm):
    subdomain = _text("Address of the sandbox", most=40)
    name = _text("Name of the sandbox", most=120, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.tenant is not None:
            self.fields["subdomain"].initial = f"{self.tenant.subdomain}-sandbox"[:40]


class MoveForm(AskForm):
    cluster = _text(
        "Database to move to", most=40, required=False,
        help_text="Its name among the clusters of the settings; empty: the platform’s own.",
    )  # fmt: skip


class DeleteForm(AskForm):
    confirmation = _text("Type the clinic’s address", most=40)
    reason = _reason("Kept on record and on the certificate.")

    def clean_confirmation(self) -> str:
        typed = str(self.cleaned_data["confirmation"]).strip()
        if self.tenant is None or typed != self.tenant.subdomain:
            raise forms.ValidationError("This is not the clinic’s address.")
        return typed


class RestoreForm(AskForm):
    path = _text(
        "Archive", most=500,
        help_text="The archive’s path in the platform’s import folder, or its name in the store.",
    )  # fmt: skip
    subdomain = _text("Address of the new clinic", most=40)
    name = _text("Name of the new clinic", most=120, required=False)


@dataclass(frozen=True)
class Asked:
    """What stands on the page that asks for a kind of job."""

    about: str
    form: type[AskForm] = AskForm
    tone: str = "primary"
    icon: str = "player-play"
    states: tuple[str, ...] | None = OPEN
    """In which states of the clinic it makes sense; None: it is of no clinic."""


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
    "export": Asked("One archive with everything the clinic has.", icon="package-export"),
    "clone": Asked(
        "A copy to try things in, in which nobody can be recognised.", CloneForm, icon="copy",
    ),
    "move": Asked(
        "To another database; for a few seconds it can only be read.", MoveForm, icon="transfer",
    ),
    "backup": Asked("Written and read back now, besides the nightly one.", icon="database-export"),
    "drill": Asked(
        "Backed up, restored beside itself, compared, dropped again.", icon="lifebuoy",
    ),
    "delete": Asked(
        "After a time of grace all is erased, its keys shredded, and a certificate written. A second "
        "operator must approve.",
        DeleteForm, "danger", "trash", (*OPEN, State.ARCHIVED),
    ),
    "restore": Asked(
        "A new clinic out of an archive or a backup, compared with it to the last row.",
        RestoreForm, icon="restore", states=None,
    ),
    "migrate": Asked(
        "All clinics to this version’s tables, one after the other.", icon="git-merge", states=None,
    ),
    "selfcheck": Asked("Every nightly look, now.", icon="stethoscope", states=None),
}  # fmt: skip
OTHER = Asked("", icon="player-play")


def asked(kind: jobs.Kind) -> Asked:
    return ASKED.get(kind.name, OTHER)


def plan_choices() -> list[tuple[str, str]]:
    return [(plan.name, plan.title) for plan in offer().plans]


@dataclass(frozen=True)
class Ask:
    """One entry of what can be asked for."""

    kind: jobs.Kind
    asked: Asked


def open_to(tenant: Tenant) -> Sequence[Ask]:
    """Answer what can be asked for of a clinic as it stands."""
    return [
        Ask(kind, asked(kind))
        for kind in _kinds()
        if (states := asked(kind).states) is not None and tenant.state in states
    ]


def open_to_platform() -> Sequence[Ask]:
    """Answer what can be asked for that is of no clinic, or of one that is not there yet."""
    return [Ask(kind, asked(kind)) for kind in _kinds() if asked(kind).states is None]


def _kinds() -> list[jobs.Kind]:
    order = list(ASKED)
    return sorted(
        jobs.kinds(),
        key=lambda kind: order.index(kind.name) if kind.name in ASKED else len(order),
    )
