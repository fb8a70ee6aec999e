"""What operators type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from announcements.models import Announcement
from operators.networks import NetworkError, read_network
from tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN_DAYS = (("30", "30 days"), ("90", "90 days"), ("365", "a year"))


def _moment(label: str, *, required: bool = True, help_text: str = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
    )


class AnnouncementForm(forms.ModelForm):  # type: ignore[type-arg]
    """An announcement; its clinics are typed as addresses."""

    shown_from = _moment("Shown from", help_text="In UTC.")
    shown_until = _moment("Shown until")
    window_begins = _moment(
        "Work begins", required=False, help_text="Each clinic reads its own clock."
    )
    window_ends = _moment("Work ends", required=False)
    clinics = forms.CharField(
        label="Only for these clinics",
        required=False,
        help_text="Their addresses, with commas between. Empty: every clinic.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = Announcement
        fields: ClassVar = [
            "kind", "title", "text", "shown_from", "shown_until", "window_begins", "window_ends",
            "is_public", "is_dismissible",
        ]  # fmt: skip
        labels: ClassVar = {
            "is_public": "Also on the public status page",
            "is_dismissible": "People may put it away",
        }
        widgets: ClassVar = {"text": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.tenant_ids:
            known = Tenant.objects.filter(pk__in=self.instance.tenant_ids)
            self.fields["clinics"].initial = ", ".join(known.values_list("subdomain", flat=True))
        if not self.instance.made_by:
            self.fields["shown_from"].initial = timezone.now().replace(second=0, microsecond=0)

    def clean_clinics(self) -> Sequence[int]:
        typed = {name.strip().lower() for name in self.cleaned_data["clinics"].split(",")} - {""}
        found = dict(Tenant.objects.filter(subdomain__in=typed).values_list("subdomain", "pk"))
        if unknown := sorted(typed - found.keys()):
            raise forms.ValidationError(f"There is no clinic at {', '.join(unknown)}.")
        return sorted(found.values())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        begins, ends = cleaned.get("shown_from"), cleaned.get("shown_until")
        if begins and ends and ends <= begins:
            self.add_error("shown_until", "It ends before it begins.")
        window = cleaned.get("window_begins"), cleaned.get("window_ends")
        if (window[0] is None) is not (window[1] is None):
            self.add_error("window_ends", "Say when the work begins and when it ends, or neither.")
        elif window[0] and window[1] and window[1] <= window[0]:
            self.add_error("window_ends", "The work ends before it begins.")
        if cleaned.get("is_public") and cleaned.get("clinics"):
            self.add_error(
                "is_public", "What only some clinics are told is not for the public page."
            )
        self.instance.tenant_ids = list(cleaned.get("clinics") or [])
        return cleaned


class TokenForm(forms.Form):
    """A new token of the API."""

    name = forms.CharField(
        label="What it is for",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.ChoiceField(label="Good for", choices=TOKEN_DAYS, initial="90")


class NetworkForm(forms.Form):
    """A network from which the console may be opened."""

    network = forms.CharField(
        label="Address or network",
        max_length=49,
        help_text="Such as 203.0.113.7 or 203.0.113.0/24 or 2001:db8::/48.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    note = forms.CharField(label="Whose it is", max_length=120, required=False)

    def clean_network(self) -> str:
        try:
            return str(read_network(self.cleaned_data["network"]))
        except NetworkError as error:
            raise forms.ValidationError(str(error)) from None
