"""The form of a FileMaker connection. A password goes in and is never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from onboarding.filemaker.live.addresses import ServerAddress
from onboarding.filemaker.live.errors import LiveSourceError
from onboarding.filemaker.live.transport import tls_context
from onboarding.imports.connection.services import ConnectionDetails

if TYPE_CHECKING:
    from onboarding.imports.connection.models import FileMakerConnection

_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ConnectionForm(forms.Form):
    """Where the server is, and the account that reads it."""

    host = forms.CharField(
        label="Server",
        max_length=260,
        help_text="The name people connect to, such as fms.your-clinic.com.au. Encrypted connections only.",
        widget=forms.TextInput(attrs={**_PLAIN, "placeholder": "fms.your-clinic.com.au"}),
    )
    database = forms.CharField(
        label="Database",
        max_length=255,
        help_text="The hosted file’s name as the server shows it, without .fmp12.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    account = forms.CharField(
        label="Account",
        max_length=255,
        help_text="A FileMaker account that may only read. It needs the extended privilege fmrest "
        "(Data API) or fmodata (OData).",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    password = forms.CharField(
        label="Password",
        max_length=255,
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    kind = forms.ChoiceField(
        label="Interface",
        choices=(
            ("dataapi", "FileMaker Data API: reads layouts, with documents and all repetitions"),
            ("odata", "OData: reads whole tables, without layouts"),
        ),
        initial="dataapi",
        widget=forms.RadioSelect,
        help_text="Which of the two the server’s administrator has switched on. If both are, take "
        "the Data API.",
    )
    authority_pem = forms.CharField(
        label="Certificate of your own authority",
        max_length=100_000,
        required=False,
        help_text="Only where the server’s certificate is self-signed or from an authority of your "
        "own: the text that begins with -----BEGIN CERTIFICATE-----.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def __init__(
        self, *args: Any, connection: FileMakerConnection | None = None, **kwargs: Any
    ) -> None:
        if connection is not None:
            names = ("host", "database", "account", "kind", "authority_pem")
            kwargs["initial"] = {name: getattr(connection, name) for name in names}
        super().__init__(*args, **kwargs)
        has_password = connection is not None and connection.has_password
        self.fields["password"].help_text = (
            "Leave it empty to keep the one that is stored. It is never shown."
            if has_password
            else "It is encrypted before it is stored, and never shown again."
        )
        self.fields["password"].required = not has_password

    def clean_host(self) -> str:
        try:
            return ServerAddress.parse(self.cleaned_data["host"]).netloc
        except LiveSourceError as error:
            raise forms.ValidationError(f"{error.message} {error.remedy}") from error

    def clean_database(self) -> str:
        name: str = self.cleaned_data["database"].strip()
        stem = name[:-6] if name.lower().endswith(".fmp12") else name
        if not stem or not stem.isprintable() or "/" in stem:
            raise forms.ValidationError("This is not the name of a database.")
        return stem

    def clean_authority_pem(self) -> str:
        text: str = self.cleaned_data["authority_pem"].strip()
        if not text:
            return ""
        try:
            if "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY" in text:
                raise forms.ValidationError(
                    "Give the certificate only: text that begins with -----BEGIN CERTIFICATE-----."
                )
            tls_context(text)
        except LiveSourceError as error:
            raise forms.ValidationError(f"{error.message} {error.remedy}") from error
        return text

    @property
    def details(self) -> ConnectionDetails:
        """What was filled in, once the form is valid."""
        return ConnectionDetails(**self.cleaned_data)
