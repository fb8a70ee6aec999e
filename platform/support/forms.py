"""What people type when they ask, let in, or come in by emergency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from support.models import Access
from support.services import MINUTES

if TYPE_CHECKING:
    from tenants.models import Tenant

_WORDS = {30: "30 minutes", 60: "1 hour", 120: "2 hours", 240: "4 hours", 480: "8 hours"}
TIMES = [(minutes, _WORDS[minutes]) for minutes in MINUTES]
_REASON_HELP = "No names of patients: say what has to be looked at, and why."


class TermsForm(forms.Form):
    """How far and how long."""

    mode = forms.ChoiceField(
        label="They may", choices=Access.Mode.choices, initial=Access.Mode.READS
    )
    minutes = forms.TypedChoiceField(label="For", choices=TIMES, coerce=int, initial=120)


class AskForm(TermsForm):
    """What an operator asks of a clinic, and what an owner offers."""

    reason = forms.CharField(label="What for", max_length=500, help_text=_REASON_HELP)
    field_order = ("reason", "mode", "minutes")


class EmergencyForm(forms.Form):
    """An operator's own word, typed out."""

    reason = forms.CharField(
        label="What is the emergency",
        max_length=500,
        help_text=f"The owners read it at once. {_REASON_HELP}",
    )
    typed = forms.CharField(label="Type the clinic's address to confirm", max_length=60)

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant
        self.fields["typed"].help_text = f"{tenant.subdomain}"
        self.fields["typed"].widget.attrs["autocomplete"] = "off"

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip().lower()
        if typed != self.tenant.subdomain:
            raise forms.ValidationError(f"Type {self.tenant.subdomain} to confirm.")
        return typed
