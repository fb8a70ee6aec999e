"""What an owner tells us to get a clinic."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from accounts.models import User
from onboarding.signup.services import subdomain_is_free
from tenants.lifecycle import SubdomainError, check_subdomain

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


class SignupForm(forms.Form):
    clinic_name = forms.CharField(label="Clinic’s name", max_length=120)
    subdomain = forms.CharField(
        label="Address",
        max_length=40,
        help_text="Where your staff will sign in. Letters, digits and hyphens.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    time_zone = forms.ChoiceField(label="Time zone", choices=ZONES, initial="Australia/Sydney")
    owner_name = forms.CharField(
        label="Your name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label="Work e-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = forms.CharField(
        label="Password",
        help_text="At least 12 characters. A few unrelated words are easy to keep in mind.",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    terms = forms.BooleanField(
        label="I accept the terms of service and the data-processing agreement",
        error_messages={"required": "Please accept the terms to go on."},
    )

    def clean_subdomain(self) -> str:
        try:
            subdomain = check_subdomain(self.cleaned_data["subdomain"])
        except SubdomainError as error:
            raise forms.ValidationError(str(error)) from error
        if not subdomain_is_free(subdomain):
            raise forms.ValidationError(
                f"“{subdomain}” is taken by another clinic. Choose another address."
            )
        return subdomain

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        zoneinfo.ZoneInfo(zone)
        return zone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if password := cleaned.get("password"):
            person = User(email=cleaned.get("email", ""), name=cleaned.get("owner_name", ""))
            try:
                validate_password(password, person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned
