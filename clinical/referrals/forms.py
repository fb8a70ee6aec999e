"""Forms about referrals."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from clinical.contacts.models import Contact
from clinical.documents.models import Document
from clinical.patients.forms import WrittenDateField
from clinical.referrals.models import Referral
from clinical.referrals.rules import TERMS
from clinical.referrals.services import FIELDS, ReferralChangedError

if TYPE_CHECKING:
    from clinical.patients.models import Patient

    _ModelForm = forms.ModelForm[Referral]
else:
    _ModelForm = forms.ModelForm

LINE = 200
TEXT = 10_000
MOST_DOCUMENTS = 50


class ReferralForm(_ModelForm):
    """A referral; saving is the service's. Empty limits are filled from the kind's terms."""

    referred_on = WrittenDateField(label="Date of the referral")
    received_on = WrittenDateField(required=False, label="Received")
    starts_on = WrittenDateField(
        required=False, label="Counts from", help_text="Empty: from the date of the referral."
    )
    expires_on = WrittenDateField(
        required=False,
        label="Last day",
        help_text="Where the letter names one; else by the months.",
    )
    contact = forms.ModelChoiceField(Contact.objects.none(), required=False)
    referrer_name = forms.CharField(
        required=False, max_length=LINE, label="Or as it stands in the letter"
    )
    months = forms.IntegerField(required=False, min_value=1, max_value=120, label="Months it holds")
    sessions_allowed = forms.IntegerField(
        required=False, min_value=1, max_value=500, label="Sessions allowed"
    )
    used_before = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=500,
        label="Used before",
        help_text="Elsewhere, or before they are in this diary.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Referral
        fields: ClassVar = [name for name in FIELDS if name != "referrer"]
        labels: ClassVar = {"anchor": "Counted from", "counted": "Counted", "reason": "Asked for"}
        widgets: ClassVar = {
            "reason": forms.Textarea(attrs={"rows": 2, "maxlength": TEXT}),
            "notes": forms.Textarea(attrs={"rows": 2, "maxlength": TEXT}),
        }

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance._state.adding  # noqa: SLF001 - Django's documented Model API
        self._offer("contact", Contact.objects.all())
        self._offer("document", Document.objects.filter(patient=patient).order_by("-pk"))
        self.fields["document"].label = "Letter"
        self.fields["document"].empty_label = "None"  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", "Choose…"), *Referral.Kind.choices]  # type: ignore[attr-defined]
        self.fields["anchor"].required = self.fields["counted"].required = False
        for name in ("reason", "notes"):
            self.fields[name].max_length = TEXT  # type: ignore[attr-defined]
        if is_new:
            self.initial.setdefault("referred_on", timezone.localdate())
            self.initial.setdefault("received_on", timezone.localdate())
        else:
            self.initial["seen"] = self.instance.changed_at.isoformat()

    def _offer(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("referred_on"), cleaned.get("expires_on")
        if first and last and last < max(first, cleaned.get("starts_on") or first):
            self.add_error("expires_on", "The referral ends before it starts. Check the dates.")
        return cleaned

    def columns(self) -> dict[str, Any]:
        """Answer the columns; a new referral takes from its kind's terms what was left empty."""
        cleaned = self.cleaned_data
        columns = {name: cleaned.get(name) for name in FIELDS if name != "referrer"}
        columns["referrer"] = cleaned.get("contact")
        columns["used_before"] = columns["used_before"] or 0
        terms = TERMS[cleaned["kind"]]
        columns["anchor"] = columns["anchor"] or terms.anchor
        columns["counted"] = columns["counted"] or terms.counted
        if self.instance._state.adding:  # noqa: SLF001 - Django's documented Model API
            if columns["months"] is None and columns["expires_on"] is None:
                columns |= {"months": terms.months, "anchor": terms.anchor}
            if columns["sessions_allowed"] is None:
                columns |= {"sessions_allowed": terms.sessions, "counted": terms.counted}
        return columns

    def chosen(self) -> Contact | None:
        """Answer the referrer who is chosen now, to show them."""
        if self.is_bound:
            found: Contact | None = getattr(self, "cleaned_data", {}).get("contact")
            return found
        return self.instance.referrer

    def seen_at(self) -> datetime:
        try:
            return datetime.fromisoformat(self.cleaned_data["seen"])
        except ValueError:
            raise ReferralChangedError("The form is incomplete. Open it again.") from None
