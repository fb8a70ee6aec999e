"""What an owner tells us to get a clinic."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from accounts.models import User
from onboarding.signup.addresses import check_address
from onboarding.subscription.offer import offer
from tenants.lifecycle import SubdomainError

if TYPE_CHECKING:
    from onboarding.signup.models import Signup

ZONES = [
    ("Australia/Sydney", "Sydney, Canberra"),
    ("Australia/Melbourne", "Melbourne"),
    ("Australia/Brisbane", "Brisbane"),
    ("Australia/Adelaide", "Adelaide"),
    ("Australia/Darwin", "Darwin"),
    ("Australia/Perth", "Perth"),
    ("Australia/Hobart", "Hobart"),
    ("Pacific/Auckland", "Auckland"),
    ("Africa/Johannesburg", "Johannesburg"),
]


class _AddressForm(forms.Form):
    subdomain = forms.CharField(
        label="Address",
        max_length=40,
        help_text="Where your staff will sign in. Letters, digits and hyphens.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_subdomain(self) -> str:
        try:
            return check_address(self.cleaned_data["subdomain"])
        except SubdomainError as error:
            raise forms.ValidationError(str(error)) from error


class SignupForm(_AddressForm):
    """Who asks for a clinic, and for which."""

    clinic_name = forms.CharField(label="Clinic’s name", max_length=120)
    time_zone = forms.ChoiceField(label="Time zone", choices=ZONES, initial="Australia/Sydney")
    owner_name = forms.CharField(
        label="Your name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label="Work e-mail",
        help_text="We mail you a link to go on with; it is also the name you sign in with.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ("clinic_name", "subdomain", "time_zone", "owner_name", "email")

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        zoneinfo.ZoneInfo(zone)
        return zone

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if email.rpartition("@")[2] in offer().throw_away_domains:
            raise forms.ValidationError(
                "Mail to this address ends soon, and with it your way back in. "
                "Use the address you work with."
            )
        return email


class ConfirmForm(_AddressForm):
    """What makes the clinic: a password, and the agreement."""

    password = forms.CharField(
        label="Password",
        help_text="At least 12 characters. A few unrelated words are easy to keep in mind.",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    terms = forms.BooleanField(
        label="I accept the terms of service and the data-processing agreement",
        error_messages={"required": "Please accept them to go on."},
    )
    field_order = ("subdomain", "password", "terms")

    def __init__(self, signup: Signup, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subdomain"].initial = signup.subdomain
        self.signup = signup

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        person = User(email=self.signup.email, name=self.signup.owner_name)
        validate_password(password, person)
        return password
