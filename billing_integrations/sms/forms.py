"""What a person types about texts."""

from __future__ import annotations

from typing import Any

from django import forms

from billing_integrations.sms.senders import SenderError, checked_sender
from ports.phones import NumberError, mobile_number

HOME = "AU"
"""Where a number without its country belongs, as everywhere in a clinic's records."""


class SenderField(forms.CharField):
    """A mobile number or a name that texts come from, in the vendor's form."""

    def __init__(self, *, services: bool = False, **options: Any) -> None:
        kinds = "A number of your account (+61 4…) or a registered name"
        kinds += ", or the SID of a messaging service (MG…)." if services else "."
        facts: dict[str, Any] = {
            "label": "Texts come from",
            "help_text": f"{kinds} Only a number can be answered.",
            "strip": False,
            "max_length": 40,
        }
        super().__init__(**facts | options)
        self._services = services

    def clean(self, value: Any) -> str:
        typed = str(super().clean(value))
        try:
            return checked_sender(typed, region=HOME, services=self._services)
        except SenderError as error:
            raise forms.ValidationError(error.words) from error


class SenderForm(forms.Form):
    """Another sender for a connection that stands."""

    def __init__(self, *arguments: Any, services: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["sender"] = SenderField(services=services)


class TestForm(forms.Form):
    """A text to oneself."""

    number = forms.CharField(
        label="Your mobile",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )

    def clean_number(self) -> str:
        try:
            return mobile_number(self.cleaned_data["number"], HOME)
        except NumberError as error:
            raise forms.ValidationError(error.words) from error
