"""Forms about patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone

from clinical.patients import services
from clinical.patients.dates import read_date
from clinical.patients.identifiers import explain_identifier
from clinical.patients.models import Address, ContactPoint, Patient, PatientIdentifier
from clinical.practice.models import FundingType, Location
from clinical.practice.selectors import funding_types_in_use, locations_in_use

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.db.models import Model

LINE = 200
TEXT = 10_000


class WrittenDateField(forms.CharField):
    """A date typed in any usual form, Australian order first."""

    default_error_messages: ClassVar = {
        "invalid": "Write the date as day/month/year, such as 12/3/1980."
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        self.widget.attrs.update({"placeholder": "dd/mm/yyyy", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%d/%m/%Y}" if hasattr(value, "strftime") else value

    def clean(self, value: Any) -> date | None:
        text = super().clean(value)
        if not text:
            return None
        found = read_date(text, today=timezone.localdate())
        if found is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return found


class PatientForm(forms.Form):
    """What stands in the patient's own row."""

    title = forms.CharField(required=False, max_length=20)
    given_names = forms.CharField(required=False, max_length=LINE)
    family_name = forms.CharField(required=False, max_length=LINE)
    preferred_name = forms.CharField(
        required=False, max_length=LINE, help_text="What to call them by."
    )
    former_names = forms.CharField(
        required=False, max_length=LINE, help_text="The search finds these too."
    )
    date_of_birth = WrittenDateField(required=False)
    sex = forms.ChoiceField(required=False, choices=Patient.Sex.choices)
    gender = forms.CharField(required=False, max_length=LINE)
    pronouns = forms.CharField(required=False, max_length=40)
    location = forms.ModelChoiceField(
        Location.objects.none(), required=False, empty_label="No location"
    )
    funding_type = forms.ModelChoiceField(
        FundingType.objects.none(), required=False, empty_label="Not known"
    )
    coordinator_name = forms.CharField(required=False, max_length=LINE, label="Support coordinator")
    coordinator_since = WrittenDateField(required=False, label="Coordinator since")
    plan_start = WrittenDateField(required=False, label="Plan starts")
    plan_end = WrittenDateField(required=False, label="Plan ends")
    alerts = forms.CharField(
        required=False,
        max_length=TEXT,
        help_text="Shown wherever the patient is: allergies, risks, access.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    notes = forms.CharField(
        required=False, max_length=TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    """When the row was last changed before the person read it: ISO 8601."""

    def __init__(self, *args: Any, patient: Patient | None = None, **kwargs: Any) -> None:
        if patient is not None:
            kwargs["initial"] = {
                **{name: getattr(patient, name) for name in services.FIELDS},
                "seen": patient.changed_at.isoformat(),
            }
        super().__init__(*args, **kwargs)
        location = patient.location_id if patient else None
        funding = patient.funding_type_id if patient else None
        self._offer("location", locations_in_use(also=location))
        if patient is not None and patient.ndis_plans.exists():
            for name in ("plan_start", "plan_end"):
                self.fields[name].disabled = True
                self.fields[name].help_text = "From the NDIS plan: change it there."
        self._offer("funding_type", funding_types_in_use(also=funding))

    def _offer(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = choices

    def clean_date_of_birth(self) -> date | None:
        born: date | None = self.cleaned_data["date_of_birth"]
        if born is not None and born > timezone.localdate():
            raise forms.ValidationError("This day has not come yet.")
        return born


class _RowForm(forms.Form):
    """One of several like rows; `id` names the row it stands for."""

    id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def is_empty(self) -> bool:
        data = getattr(self, "cleaned_data", {})
        return not any(value for name, value in data.items() if name not in {"id", "kind"})


class ContactForm(_RowForm):
    kind = forms.ChoiceField(choices=ContactPoint.Kind.choices, label="Kind")
    value = forms.CharField(required=False, max_length=LINE, label="Number or address")
    label = forms.CharField(required=False, max_length=LINE, label="Note")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("label") and not cleaned.get("value"):
            self.add_error("value", "Give a number or an address, or clear the note.")
        if cleaned.get("kind") == ContactPoint.Kind.EMAIL and cleaned.get("value"):
            try:
                forms.EmailField().clean(cleaned["value"])
            except forms.ValidationError as error:
                self.add_error("value", error)
        return cleaned


class AddressForm(_RowForm):
    kind = forms.ChoiceField(choices=Address.Kind.choices, label="Kind")
    lines = forms.CharField(
        required=False,
        max_length=TEXT,
        label="Street",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    suburb = forms.CharField(required=False, max_length=LINE)
    state = forms.CharField(required=False, max_length=LINE)
    postcode = forms.CharField(required=False, max_length=12)
    country = forms.CharField(required=False, max_length=LINE)


class IdentifierForm(_RowForm):
    """A number; one that cannot be right is asked about once, and kept where the person insists."""

    kind = forms.ChoiceField(choices=PatientIdentifier.Kind.choices, label="Kind")
    value = forms.CharField(required=False, max_length=LINE, label="Number")
    reference = forms.CharField(required=False, max_length=4, label="IRN (Medicare)")
    expires_on = WrittenDateField(required=False, label="Card valid to")
    colour = forms.ChoiceField(
        required=False,
        choices=[("", "–"), *PatientIdentifier.Colour.choices],
        label="Card (DVA)",
    )
    label = forms.CharField(required=False, max_length=LINE, label="Note")
    keep_as_is = forms.BooleanField(
        required=False, label="Keep it as it is", widget=forms.HiddenInput
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        value = cleaned.get("value") or ""
        wrong = explain_identifier(cleaned.get("kind") or "", value)
        if wrong and not cleaned.get("keep_as_is") and not cleaned.get("DELETE"):
            self.fields["keep_as_is"].widget = forms.CheckboxInput()
            if value != self.initial.get("value"):
                self.add_error("value", f"{wrong} If it is really so, tick “Keep it as it is”.")
        return cleaned


class PatientForms:
    """The patient's form with its rows: contacts, addresses, numbers."""

    def __init__(self, data: Any = None, *, patient: Patient | None = None) -> None:
        self.patient = patient
        self.main = PatientForm(data, patient=patient)
        contacts = patient.points_in_order() if patient else []
        addresses = list(patient.addresses.all()) if patient else []
        identifiers = list(patient.identifiers.all()) if patient else []
        self.contacts = _rows(ContactForm, data, "contact", contacts)
        self.addresses = _rows(AddressForm, data, "address", addresses)
        self.identifiers = _rows(IdentifierForm, data, "number", identifiers)

    @property
    def groups(self) -> list[tuple[str, str, Any]]:
        return [
            ("Phone and e-mail", "phone", self.contacts),
            ("Card and scheme numbers", "id", self.identifiers),
            ("Addresses", "map-pin", self.addresses),
        ]

    def is_valid(self) -> bool:
        forms_ = (self.main, self.contacts, self.addresses, self.identifiers)
        valid = [form.is_valid() for form in forms_]
        if valid[0] and not all(valid):
            self.main.add_error(None, "Some entries below need another look; they are marked.")
        return all(valid)

    def fields(self) -> dict[str, Any]:
        return {name: self.main.cleaned_data[name] for name in services.FIELDS}

    def details(self) -> services.Details:
        return services.Details(
            contacts=_values(self.contacts, services.ContactValue, needs="value"),
            addresses=_values(self.addresses, services.AddressValue, needs=""),
            identifiers=_values(self.identifiers, services.IdentifierValue, needs="value"),
        )


def _rows(form: type[_RowForm], data: Any, prefix: str, rows: Sequence[Model]) -> Any:
    """Make a formset over the rows; where there are none it starts with an empty one."""
    factory = forms.formset_factory(form, extra=0 if rows else 1, can_delete=True, max_num=40)
    return factory(data, prefix=prefix, initial=[{"id": row.pk, **vars(row)} for row in rows])


_NO_COLUMNS = frozenset({"DELETE", "keep_as_is"})


def _values(formset: Any, value: Any, *, needs: str) -> tuple[Any, ...]:
    found = []
    for form in formset.forms:
        cleaned = {k: v for k, v in form.cleaned_data.items() if k not in _NO_COLUMNS}
        kept = cleaned.get(needs) if needs else not form.is_empty()
        if cleaned and kept and not form.cleaned_data.get("DELETE"):
            found.append(value(**cleaned))
    return tuple(found)
