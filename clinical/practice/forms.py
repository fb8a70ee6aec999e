"""Forms of the practice's own lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.validators import MaxLengthValidator, URLValidator

from accounts.models import User
from clinical.practice.clock import zone_names
from clinical.practice.models import (
    AppointmentType,
    FundingType,
    Location,
    LocationHours,
    Practitioner,
    ProviderNumber,
    RosterHours,
)
from clinical.practice.provider_numbers import is_provider_number, normalise_provider_number

if TYPE_CHECKING:
    from django.db.models import Model

    _ModelForm = forms.ModelForm[Model]
else:
    _ModelForm = forms.ModelForm

NAME_LENGTH = 120
LINK_LENGTH = 500
_COLOUR = forms.TextInput(attrs={"type": "color", "class": "form-control-color"})


class LinkField(forms.URLField):
    """An https address; without a scheme it is taken for one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LINK_LENGTH, assume_scheme="https", **kwargs)
        words = "Give an address that begins with https://."
        self.validators = [
            MaxLengthValidator(LINK_LENGTH),
            URLValidator(schemes=["https"], message=words),
        ]


class EntryForm(_ModelForm):
    """A form that leaves saving to the service."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["maxlength"] = NAME_LENGTH
        if self.instance._state.adding:  # noqa: SLF001 - Django's documented Model API
            self.fields.pop("is_active")


class LocationForm(EntryForm):
    time_zone = forms.ChoiceField(
        required=False,
        help_text="Only where the clocks differ from the practice's.",
        choices=lambda: [("", "Same as the practice"), *((name, name) for name in zone_names())],
    )

    class Meta:
        model = Location
        fields: ClassVar = (
            "name",
            "short_name",
            "colour",
            "phone",
            "email",
            "address",
            "time_zone",
            "is_active",
        )
        widgets: ClassVar = {"colour": _COLOUR, "address": forms.Textarea(attrs={"rows": 3})}
        help_texts: ClassVar = {
            "short_name": "For narrow places such as the diary's tabs.",
            "email": "Answers to letters that go out by e-mail come here.",
        }
        labels: ClassVar = {"is_active": "In use"}


class PractitionerForm(EntryForm):
    room_link = LinkField(
        required=False,
        label="Video room",
        help_text="The link of this clinician's own room; video visits get it when they are booked.",
    )

    class Meta:
        model = Practitioner
        fields: ClassVar = (
            "name",
            "discipline",
            "colour",
            "user",
            "room_link",
            "may_be_double_booked",
            "is_active",
        )
        widgets: ClassVar = {"colour": _COLOUR}
        labels: ClassVar = {
            "user": "Account",
            "may_be_double_booked": "May be booked twice on purpose",
            "is_active": "Sees patients here",
        }
        help_texts: ClassVar = {
            "user": "If this person signs in: their column opens first.",
            "may_be_double_booked": "If not, no two visits can stand at the same time.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = User.objects.filter(is_active=True).order_by("name")  # type: ignore[attr-defined]


class AppointmentTypeForm(EntryForm):
    class Meta:
        model = AppointmentType
        fields: ClassVar = (
            "name",
            "duration_minutes",
            "setting",
            "max_attendees",
            "buffer_before",
            "buffer_after",
            "colour",
            "is_active",
        )
        widgets: ClassVar = {"colour": _COLOUR}
        labels: ClassVar = {
            "duration_minutes": "Minutes",
            "setting": "Where",
            "max_attendees": "Most attendees",
            "buffer_before": "Minutes to get ready before",
            "buffer_after": "Minutes to tidy up after",
            "is_active": "Can be booked",
        }
        help_texts: ClassVar = {
            "max_attendees": "More than 1 makes it a group session that patients are added to.",
            "buffer_before": "Hatched in the diary; nothing else is booked into it by accident.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("setting", "max_attendees", "buffer_before", "buffer_after"):
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        """Read what was left empty as the usual."""
        cleaned = super().clean() or self.cleaned_data
        for name in ("setting", "max_attendees", "buffer_before", "buffer_after"):
            if name not in self.errors and cleaned.get(name) in (None, ""):
                cleaned[name] = getattr(AppointmentType(), name)
        return cleaned


class FundingTypeForm(EntryForm):
    class Meta:
        model = FundingType
        fields: ClassVar = ("name", "is_active")
        labels: ClassVar = {"is_active": "In use"}


class HoursForm(_ModelForm):
    """One span of a clinician's week."""

    class Meta:
        model = RosterHours
        fields: ClassVar = ("weekday", "starts", "ends", "location")
        widgets: ClassVar = {
            "starts": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "ends": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        labels: ClassVar = {"starts": "From", "ends": "To"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["location"].empty_label = "Any location"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts, ends = cleaned.get("starts"), cleaned.get("ends")
        if starts and ends and ends <= starts:
            self.add_error("ends", "The end is not after the beginning.")
        return cleaned


HoursFormSet: Any = forms.inlineformset_factory(
    Practitioner, RosterHours, form=HoursForm, extra=5, can_delete=True, max_num=60
)
"""A clinician's week: the spans there are, and empty rows for more."""


class OpeningForm(_ModelForm):
    """One span in which a location is open."""

    class Meta:
        model = LocationHours
        fields: ClassVar = ("weekday", "opens", "closes")
        widgets: ClassVar = {
            "opens": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "closes": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        labels: ClassVar = {"opens": "From", "closes": "To"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        opens, closes = cleaned.get("opens"), cleaned.get("closes")
        if opens and closes and closes <= opens:
            self.add_error("closes", "The end is not after the beginning.")
        return cleaned


OpeningFormSet: Any = forms.inlineformset_factory(
    Location, LocationHours, form=OpeningForm, extra=5, can_delete=True, max_num=30
)
"""A location's week: the spans there are, and empty rows for more."""


class FormerStaffForm(forms.Form):
    """Names of people who work here no more, one a line."""

    names = forms.CharField(
        label="Names, one on each line",
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off"}),
        help_text="Add the discipline behind a comma where you know it: Ada Finch, Podiatry.",
    )

    def clean_names(self) -> list[tuple[str, str]]:
        people = []
        for line in str(self.cleaned_data["names"]).splitlines():
            name, _, discipline = (" ".join(part.split()) for part in line.partition(","))
            if len(name) > NAME_LENGTH or len(discipline) > NAME_LENGTH:
                raise forms.ValidationError(f"“{line[:40]}…” is too long for a name.")
            if name:
                people.append((name, discipline))
        return people


class ProviderNumberForm(_ModelForm):
    """One number; a wrong check letter is an error, because a claim with it is refused."""

    class Meta:
        model = ProviderNumber
        fields: ClassVar = ("number", "location")
        labels: ClassVar = {"number": "Provider number"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["location"].empty_label = "Wherever there is no other"  # type: ignore[attr-defined]
        self.fields["number"].widget.attrs.update(autocomplete="off", placeholder="1234567A")

    def clean_number(self) -> str:
        number = normalise_provider_number(self.cleaned_data["number"])
        if not is_provider_number(number):
            raise forms.ValidationError(
                "A provider number is six digits, a figure or letter for the place, and a check "
                "letter, such as 2426621B. This one does not fit: compare it again."
            )
        return number


class ProviderNumbers(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """A clinician's numbers: one for each place."""

    def clean(self) -> None:
        """Say it in words before the database would."""
        places = [
            row.cleaned_data.get("location")
            for row in self.forms
            if row.cleaned_data.get("number") and not row.cleaned_data.get("DELETE")
        ]
        if len(places) != len(set(places)):
            raise forms.ValidationError("A location stands here twice. Keep one number for each.")


ProviderNumberFormSet: Any = forms.inlineformset_factory(
    Practitioner,
    ProviderNumber,
    form=ProviderNumberForm,
    formset=ProviderNumbers,
    extra=3,
    can_delete=True,
    max_num=40,
)
