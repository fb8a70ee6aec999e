from __future__ import annotations

from typing import Any

from django import forms

from billing_integrations.smtp.mailer import Security
from ports.addresses import HostNameError, host_name


class SmtpForm(forms.Form):
    """A clinic's own mail server."""

    host = forms.CharField(
        label="Mail server", max_length=253, help_text="Such as smtp.example.com."
    )
    port = forms.IntegerField(label="Port", min_value=1, max_value=65535, initial=587)
    security = forms.ChoiceField(
        label="Encryption",
        choices=[
            (Security.STARTTLS.value, "STARTTLS (mostly port 587)"),
            (Security.TLS.value, "TLS from the first byte (mostly port 465)"),
        ],
        initial=Security.STARTTLS.value,
        help_text="Mail never goes without, and the server's certificate is checked.",
    )
    user = forms.CharField(label="User name", max_length=254)
    password = forms.CharField(
        label="Password",
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Where the provider wants one made for apps, that one. Kept encrypted.",
    )
    from_address = forms.EmailField(
        label="Mails come from", help_text="An address the server lets this user write from."
    )
    reply_to = forms.EmailField(
        label="Answers go to", required=False, help_text="Empty: to the same address."
    )

    def clean_host(self) -> str:
        try:
            return host_name(str(self.cleaned_data["host"]).strip())
        except HostNameError:
            raise forms.ValidationError("This is not the name of a server.") from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("user", "password"):
            value = str(cleaned.get(name, ""))
            if not value.isprintable():
                self.add_error(name, "This holds characters that no server takes.")
        return cleaned
