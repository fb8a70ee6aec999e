"""Twilio among the vendors a clinic may connect."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from django import forms
from django.core.validators import RegexValidator

from billing_integrations.sms import senders
from billing_integrations.sms.forms import SenderField
from billing_integrations.sms.twilio.api import TwilioApi, credentials
from connections import addresses, http, inbox
from connections.providers import Account, Limits, Provider, Trade
from ports.outcomes import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connections.opened import OpenConnection

KEY = "twilio"
API = "twilio.api"
_SID = "^{}[0-9a-fA-F]{{32}}$"


class TwilioForm(forms.Form):
    """What a clinic copies from its Twilio Console."""

    account_sid = forms.CharField(
        label="Account SID",
        validators=[RegexValidator(_SID.format("AC"), "An account SID is AC and 32 signs.")],
        help_text="Twilio Console, Account Info.",
    )
    auth_token = forms.CharField(
        label="Auth token",
        widget=forms.PasswordInput,
        help_text="Beside the account SID. It proves that replies and receipts come from Twilio.",
    )
    api_key_sid = forms.CharField(
        label="API key SID",
        required=False,
        validators=[RegexValidator(_SID.format("SK"), "An API key SID is SK and 32 signs.")],
        help_text="Better than sending by the auth token: a key can be taken back alone.",
    )
    api_key_secret = forms.CharField(
        label="API key secret", widget=forms.PasswordInput, required=False
    )
    sender = SenderField(services=True)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        has_key, has_secret = cleaned.get("api_key_sid"), cleaned.get("api_key_secret")
        if bool(has_key) != bool(has_secret):
            missing = "api_key_secret" if has_key else "api_key_sid"
            self.add_error(missing, "An API key needs both its SID and its secret.")
        return cleaned


class TwilioAdapter:
    """The connection itself: whose account, whether it works, what is wrong with the sender."""

    wanted: ClassVar[str] = "active"

    def accounts(self, opened: OpenConnection) -> list[Account]:
        with carrier(opened) as api:
            account = api.account()
        return [Account(str(account["sid"]), str(account.get("friendly_name") or "Twilio"))]

    def check(self, opened: OpenConnection) -> str:
        """Look the account, its balance and the sender up; nothing is sent."""
        sender = str(opened.options.get("sender", ""))
        with carrier(opened) as api:
            account = api.account()
            balance = api.balance()
            is_number = senders.kind_of(sender) is senders.SenderKind.NUMBER
            number = api.number(sender) if is_number else None
        status = str(account.get("status", self.wanted))
        if status != self.wanted:
            raise RefusedError(f"The Twilio account is {status}: look at it in the Twilio Console.")
        if is_number and number is None:
            raise RefusedError(
                f"{senders.shown(sender)} is no number of this Twilio account: choose one that is."
            )
        found = [f"Account “{account.get('friendly_name')}” is active."]
        if balance:
            found.append(f"{balance[1]} {_two_places(balance[0])} left.")
        found.append(f"Texts come from {senders.shown(sender)}.")
        key = opened.secrets.get(inbox.HOOK_KEY, "")
        if number is not None and key and not str(number.get("sms_url") or "").endswith(f"/{key}/"):
            found.append(
                "Replies do not reach Nexus yet: press “Receive replies here” on the page of the SMS account."
            )
        return " ".join([*found, *senders.warnings_of(sender)])

    def revoke(self, opened: OpenConnection) -> None:
        """Twilio's keys are taken back in its Console; nothing here may do it."""


@contextmanager
def carrier(opened: OpenConnection, hook_address: str = "") -> Iterator[TwilioApi]:
    """Open a client for the clinic's account."""
    with http.client(
        opened, provider=TWILIO, base_url=addresses.url(API), auth=credentials(opened)
    ) as client:
        yield TwilioApi(opened, client, callback=hook_address)


def _two_places(amount: str) -> str:
    try:
        return f"{float(amount):.2f}"
    except ValueError:
        return amount


TWILIO = Provider(
    key=KEY,
    name="Twilio",
    trade=Trade.SMS,
    icon="message-2",
    summary="Reminders and replies by text, through your own Twilio account.",
    adapter=TwilioAdapter(),
    limits=Limits(at_once=8, a_minute=600),
    form=TwilioForm,
    secret_fields=frozenset({"auth_token", "api_key_secret"}),
    settings_url="sms:settings",
    order=40,
)
