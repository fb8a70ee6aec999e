"""Forms of the address book and of the people around a patient."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.validators import MaxLengthValidator

from clinical.contacts.models import Contact, PatientContact
from clinical.contacts.services import CONTACT_FIELDS, PERSON_FIELDS, ContactChangedError

if TYPE_CHECKING:
    _ContactForm = forms.ModelForm[Contact]
    _PersonForm = forms.ModelForm[PatientContact]
else:
    _ContactForm = _PersonForm = forms.ModelForm

LINE = 200
TEXT = 10_000


def _limit(form: forms.BaseForm) -> None:
    """Columns have no limit, forms do."""
    for field in form.fields.values():
        if isinstance(field, forms.CharField):
            is_text = isinstance(field.widget, forms.Textarea)
            field.max_length = TEXT if is_text else LINE
            field.widget.attrs["maxlength"] = field.max_length
            field.validators.append(MaxLengthValidator(field.max_length))


class ContactForm(_ContactForm):
    """An entry of the address book; saving is the service's."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    """When the row was last changed before the person read it: ISO 8601."""

    class Meta:
        model = Contact
        fields = CONTACT_FIELDS
        labels: ClassVar = {
            "name": "Name as it is shown",
            "phone": "Phone",
            "email": "E-mail",
            "given_names": "Given names",
        }
        help_texts: ClassVar = {"name": "Empty: made of title and names."}
        widgets: ClassVar = {
            "address": forms.Textarea(attrs={"rows": 3}),
            "notes": forms.Textarea(attrs={"rows": 3}),
            "phone": forms.TextInput(attrs={"type": "tel"}),
            "mobile": forms.TextInput(attrs={"type": "tel"}),
            "fax": forms.TextInput(attrs={"type": "tel"}),
            "email": forms.EmailInput,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _limit(self)
        if not self.instance._state.adding:  # noqa: SLF001 - Django's documented Model API
            self.initial["seen"] = self.instance.changed_at.isoformat()

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CONTACT_FIELDS}

    def seen_at(self) -> datetime:
        """Answer when the row was as the person read it; raises ContactChangedError."""
        try:
            return datetime.fromisoformat(self.cleaned_data["seen"])
        except ValueError:
            raise ContactChangedError("The form is incomplete. Open it again.") from None


class PersonForm(_PersonForm):
    """Somebody around a patient; with `contact`, from the address book."""

    contact = forms.ModelChoiceField(Contact.objects.none(), required=False)

    class Meta:
        model = PatientContact
        fields = PERSON_FIELDS
        labels: ClassVar = {"kind": "Role", "email": "E-mail"}
        help_texts: ClassVar = {
            "relationship": "Daughter, neighbour, case worker …",
            "name": "Not needed for somebody from the address book.",
        }
        widgets: ClassVar = {
            "notes": forms.Textarea(attrs={"rows": 2}),
            "phone": forms.TextInput(attrs={"type": "tel"}),
            "email": forms.EmailInput,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        contact = self.fields["contact"]
        assert isinstance(contact, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        contact.queryset = Contact.objects.all()
        _limit(self)

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in PERSON_FIELDS}

    def chosen(self) -> Contact | None:
        """Answer the entry that is chosen now, to show it."""
        return Contact.objects.filter(pk=pk).first() if (pk := self._chosen_id()) else None

    def _chosen_id(self) -> Any:
        if not self.is_bound:
            return self.instance.contact_id
        contact = self.cleaned_data.get("contact") if hasattr(self, "cleaned_data") else None
        return contact.pk if contact else None
