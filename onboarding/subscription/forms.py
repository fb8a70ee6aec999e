"""What an owner chooses about the clinic itself."""

from __future__ import annotations

from typing import Any

from django import forms

from clinical.practice.clock import zone_names
from onboarding.signup.addresses import well_written
from onboarding.subscription.kinds import NAME_LENGTH, REGIONS
from onboarding.subscription.offer import offer
from tenants.lifecycle import SubdomainError


class PlanForm(forms.Form):
    plan = forms.ChoiceField(choices=lambda: [(one.name, one.title) for one in offer().offered])


class AddressForm(forms.Form):
    """Another address, with the present one typed as the confirmation."""

    subdomain = forms.CharField(
        label="New address",
        max_length=40,
        help_text="Letters, digits and hyphens.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    present = forms.CharField(
        label="Present address, to confirm",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def __init__(self, subdomain: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = subdomain
        self.fields["present"].help_text = f"Type {subdomain}."

    def clean_subdomain(self) -> str:
        try:
            wanted = well_written(self.cleaned_data["subdomain"])
        except SubdomainError as error:
            raise forms.ValidationError(str(error)) from error
        if wanted == self.before:
            raise forms.ValidationError("This is the address you have.")
        return wanted

    def clean_present(self) -> str:
        typed = str(self.cleaned_data["present"]).strip().lower()
        if typed != self.before:
            raise forms.ValidationError(f"Type {self.before} to confirm.")
        return typed


class DetailsForm(forms.Form):
    """The practice as a whole."""

    name = forms.CharField(label="Practice’s name", max_length=NAME_LENGTH)
    region = forms.ChoiceField(
        choices=list(REGIONS.items()), help_text="Whose law on health records holds for you."
    )
    time_zone = forms.ChoiceField(choices=lambda: [(name, name) for name in zone_names()])


class GoLiveForm(forms.Form):
    went_live_on = forms.DateField(
        label="First day of work in Nexus",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        required=False,
        help_text="Empty: not decided.",
    )
