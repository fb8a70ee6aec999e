"""Forms of letters and their templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms

from clinical.contacts.models import Contact
from clinical.letters.mailing import Address
from clinical.letters.models import LetterTemplate
from clinical.letters.selectors import templates_in_use
from clinical.letters.services import FIELDS, LINE, TEXT
from clinical.practice.models import Location, Practitioner
from clinical.practice.selectors import locations_in_use, practitioners_in_use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clinical.letters.models import Letter

BIG = 2**31 - 1
TO_PATIENT = "patient"


class StartForm(forms.Form):
    """What a new letter begins with."""

    template = forms.ModelChoiceField(LetterTemplate.objects.none(), required=False)
    contact = forms.CharField(required=False, max_length=40)
    """An entry of the address book, TO_PATIENT, or nothing."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["template"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = templates_in_use()

    def clean_contact(self) -> Contact | None:
        asked = self.cleaned_data["contact"]
        if asked in {"", TO_PATIENT}:
            return None
        try:
            return Contact.objects.get(pk=UUID(asked))
        except (ValueError, Contact.DoesNotExist):
            raise forms.ValidationError("Choose somebody from the address book.") from None

    @property
    def is_to_patient(self) -> bool:
        return self.data.get("contact") == TO_PATIENT


class LetterForm(forms.Form):
    """The editor of a draft."""

    revision = forms.IntegerField(min_value=0, max_value=BIG, widget=forms.HiddenInput)
    recipient = forms.CharField(
        required=False,
        max_length=2000,
        label="To",
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "Name and address"}),
    )
    letter_date = forms.DateField(
        label="Date", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(), required=False, label="Signed by", empty_label="The author"
    )
    location = forms.ModelChoiceField(
        Location.objects.none(), required=False, label="Letterhead", empty_label="Practice only"
    )
    subject = forms.CharField(required=False, max_length=LINE)
    body = forms.CharField(
        required=False, max_length=TEXT, label="Text", widget=forms.Textarea(attrs={"rows": 18})
    )

    def __init__(self, data: Any = None, *, letter: Letter) -> None:
        names = ("revision", *FIELDS)
        super().__init__(data, initial={name: getattr(letter, name) for name in names})
        for name, choices in (
            ("practitioner", practitioners_in_use(letter.practitioner_id)),
            ("location", locations_in_use(letter.location_id)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = choices

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FIELDS}


class TemplateForm(forms.Form):
    """A text of the library."""

    seen = forms.IntegerField(required=False, min_value=0, max_value=BIG, widget=forms.HiddenInput)
    name = forms.CharField(max_length=120)
    subject = forms.CharField(required=False, max_length=LINE)
    body = forms.CharField(
        required=False, max_length=TEXT, label="Text", widget=forms.Textarea(attrs={"rows": 16})
    )
    is_active = forms.BooleanField(required=False, initial=True, label="Offered for new letters")


class CopyForm(forms.Form):
    """Who gets a copy: somebody to add or to take away, or what is typed to find them."""

    contact = forms.ModelChoiceField(Contact.objects.none(), required=False)
    remove = forms.UUIDField(required=False)
    q = forms.CharField(required=False, max_length=200)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["contact"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = Contact.objects.filter(is_active=True)


class MailForm(forms.Form):
    """Where a letter is mailed to: of the addresses on record, and one that is typed."""

    known = forms.MultipleChoiceField(
        required=False, label="To", widget=forms.CheckboxSelectMultiple
    )
    other = forms.CharField(
        required=False,
        max_length=254,
        label="Another address",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any, *, offered: Sequence[tuple[str, str]]) -> None:
        first = [address for _, address in offered[:1]]
        super().__init__(data, initial={"known": first})
        self._names = {address: name for name, address in offered}
        field = self.fields["known"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        field.choices = [(address, f"{name}, {address}") for name, address in offered]

    def addresses(self) -> list[Address]:
        """Answer the addresses chosen and typed; what is no address the service refuses."""
        self.full_clean()
        chosen = [Address(self._names[one], one) for one in self.cleaned_data.get("known", [])]
        typed = self.cleaned_data.get("other", "")
        return [*chosen, Address("", typed)] if typed else chosen
