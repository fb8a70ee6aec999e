"""What people type about their accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password

from accounts.rules import roles_open_to
from accounts.services import verify_code

if TYPE_CHECKING:
    from django_otp.models import Device

    from accounts.models import User

MAX_PASSWORD = 1024
WRONG_CODE = "This code is wrong, has run out or has been used. Enter the newest one."


def _password(label: str, *, new: bool = False, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=MAX_PASSWORD,
        help_text=help_text,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password" if new else "current-password"}
        ),
    )


class SignInForm(AuthenticationForm):
    """E-mail address and password; what is wrong with them it does not tell."""

    username = forms.CharField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = _password("Password")
    error_messages = {
        "invalid_login": "No account here has this e-mail address and password.",
        "inactive": "No account here has this e-mail address and password.",
    }


class CodeForm(forms.Form):
    """The second step: a code from the authenticator."""

    # The log-in wizard must not check a code twice: the second time it has been used.
    idempotent = False
    use_required_attribute = False
    otp_token = forms.CharField(
        label="Code",
        max_length=12,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )

    def __init__(self, user: User, initial_device: Device | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user = user
        self.initial_device = initial_device

    def clean_otp_token(self) -> str:
        code = str(self.cleaned_data["otp_token"])
        device = verify_code(self.user, code) if self.user else None
        if device is None:
            raise forms.ValidationError(WRONG_CODE)
        self.user.otp_device = device
        return code


class BackupCodeForm(CodeForm):
    """The second step without a telephone."""

    otp_token = forms.CharField(
        label="Backup code",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class NewFactorForm(forms.Form):
    """Proof that the app has taken the secret."""

    code = forms.CharField(
        label="Code the app shows",
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class ReauthenticationForm(forms.Form):
    """Password and code again, before something that a thief of an open screen would do."""

    password = _password("Your password")
    code = forms.CharField(
        label="Code from your app, or a backup code",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )

    def __init__(self, user: User, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user = user
        if not user.is_verified():
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        if not self.user.check_password(cleaned["password"]):
            self.add_error("password", "This is not your password.")
        elif "code" in self.fields and verify_code(self.user, cleaned["code"]) is None:
            self.add_error("code", WRONG_CODE)
        return cleaned


class NewPasswordForm(forms.Form):
    """A new password, twice."""

    password = _password(
        "New password",
        new=True,
        help_text="At least 12 characters. Three or four unrelated words are easy to keep in mind.",
    )
    again = _password("New password again", new=True)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password, again = cleaned.get("password"), cleaned.get("again")
        if password and again and password != again:
            self.add_error("again", "The two passwords are not the same.")
        elif password:
            try:
                validate_password(password, self.user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class ChangePasswordForm(NewPasswordForm):
    """A new password from somebody who knows the present one."""

    current = _password("Present password")
    field_order = ("current", "password", "again")

    def clean_current(self) -> str:
        current = str(self.cleaned_data["current"])
        if not self.user.check_password(current):
            raise forms.ValidationError("This is not your present password.")
        return current


class AddressForm(forms.Form):
    """Where to mail a link."""

    email = forms.EmailField(
        label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )


class NameForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )


class MemberForm(forms.Form):
    """A member of the staff: name and role, within what the actor may give."""

    name = forms.CharField(
        label="Name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label="Role")

    def __init__(self, actor: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = roles_open_to(actor)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        if len(roles) == 1:
            self.fields["role"].initial = roles[0].value
            self.fields["role"].widget = forms.HiddenInput()


class InvitationForm(MemberForm):
    email = forms.EmailField(
        label="E-mail address",
        help_text="The invitation goes there; it is also the name they sign in with.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("name", "email", "role")
