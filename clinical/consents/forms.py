"""Forms of consents, preferences and the clinic's list of consents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from clinical.consents.models import Consent, ConsentKind, ContactPreference
from clinical.consents.services import KIND_FIELDS, PREFERENCES
from clinical.documents.models import Document
from clinical.patients.forms import WrittenDateField

if TYPE_CHECKING:
    from clinical.patients.models import Patient

    _PreferenceForm = forms.ModelForm[ContactPreference]
    _KindForm = forms.ModelForm[ConsentKind]
else:
    _PreferenceForm = _KindForm = forms.ModelForm

LINE = 200
TEXT = 5_000


class AnswerForm(forms.Form):
    """What a patient said to one kind of consent."""

    kind = forms.ModelChoiceField(ConsentKind.objects.none(), label="Consent", empty_label=None)
    answer = forms.ChoiceField(choices=Consent.Answer.choices)
    answered_on = WrittenDateField(label="On")
    way = forms.ChoiceField(choices=Consent.Way.choices, label="How")
    by = forms.CharField(
        required=False, max_length=LINE, label="By", help_text="Empty: the patient themselves."
    )
    expires_on = WrittenDateField(required=False, label="Until")
    document = forms.ModelChoiceField(
        Document.objects.none(), required=False, label="Signed form", empty_label="None"
    )
    note = forms.CharField(required=False, max_length=TEXT)

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("answered_on", timezone.localdate())
        for name, choices in (
            ("kind", ConsentKind.objects.filter(is_active=True)),
            ("document", Document.objects.filter(patient=patient).order_by("-pk")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = choices


class PreferenceForm(_PreferenceForm):
    """How a patient wants to be reached; saving is the service's."""

    best_time = forms.CharField(required=False, max_length=LINE, label="Best time")
    language = forms.CharField(required=False, max_length=LINE, label="Language")

    class Meta:
        model = ContactPreference
        fields = PREFERENCES
        labels: ClassVar = {
            "channel": "Preferred way",
            "no_phone": "No phone calls",
            "no_sms": "No SMS",
            "no_email": "No e-mail",
            "no_post": "No letters",
            "no_marketing": "No news or offers",
            "needs_interpreter": "Needs an interpreter",
            "access_needs": "Access needs",
        }
        help_texts: ClassVar = {
            "access_needs": "Wheelchair, hearing loop, large print, a quiet room …"
        }
        widgets: ClassVar = {"access_needs": forms.Textarea(attrs={"rows": 2, "maxlength": TEXT})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["access_needs"].max_length = TEXT  # type: ignore[attr-defined]

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in PREFERENCES}


class KindForm(_KindForm):
    """A consent that the clinic asks for; saving is the service's."""

    name = forms.CharField(max_length=LINE)
    months = forms.IntegerField(
        required=False, min_value=1, max_value=240, label="Ask again after months",
        help_text="Empty: it stands until it is withdrawn.",
    )  # fmt: skip

    class Meta:
        model = ConsentKind
        fields = KIND_FIELDS
        labels: ClassVar = {
            "text": "What is explained",
            "is_required": "Required: say so wherever the patient is while it is missing",
            "is_active": "In use",
            "order": "Place in the list",
        }
        widgets: ClassVar = {"text": forms.Textarea(attrs={"rows": 4, "maxlength": TEXT})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].max_length = TEXT  # type: ignore[attr-defined]

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in KIND_FIELDS}
