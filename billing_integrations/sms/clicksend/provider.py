"""ClickSend among the vendors a clinic may connect."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django import forms

from billing_integrations.sms import senders
from billing_integrations.sms.clicksend.api import ClickSendApi, currency_of
from billing_integrations.sms.forms import SenderField
from connections import addresses, http
from connections.providers import Account, Limits, Provider, Trade
from ports.outcomes import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connections.opened import OpenConnection

KEY = "clicksend"
API = "clicksend.api"
LOW_BALANCE = 5.0


class ClickSendForm(forms.Form):
    """What a clinic copies from its ClickSend dashboard."""

    username = forms.CharField(label="User name", help_text="As you sign in to ClickSend.")
    api_key = forms.CharField(
        label="API key",
        widget=forms.PasswordInput,
        help_text="ClickSend dashboard, Developers, API Credentials.",
    )
    sender = SenderField(
        help_text="Your dedicated two-way number at ClickSend (+61 4…), or a registered name.",
    )


class ClickSendAdapter:
    """The connection itself: whose account, and what is left on it."""

    def accounts(self, opened: OpenConnection) -> list[Account]:
        with carrier(opened) as api:
            account = api.account()
        name = str(account.get("account_name") or account.get("username") or "ClickSend")
        return [Account(str(account.get("user_id") or account.get("username")), name)]

    def check(self, opened: OpenConnection) -> str:
        """Look the account and its balance up; nothing is sent."""
        sender = str(opened.options.get("sender", ""))
        with carrier(opened) as api:
            account = api.account()
        if account.get("banned") or account.get("active") == 0:
            raise RefusedError("The ClickSend account is blocked: ask ClickSend's support.")
        name = account.get("account_name") or account.get("username")
        found = [f"Account “{name}” is active."]
        balance = _amount(account.get("balance"))
        if balance is not None:
            low = balance < LOW_BALANCE and not account.get("auto_recharge")
            found.append(f"{currency_of(account)} {balance:.2f} left{': top it up' * low}.")
        found.append(f"Texts come from {senders.shown(sender)}.")
        return " ".join([*found, *senders.warnings_of(sender)])

    def revoke(self, opened: OpenConnection) -> None:
        """ClickSend's keys are taken back in its dashboard; nothing here may do it."""


@contextmanager
def carrier(opened: OpenConnection, hook_address: str = "") -> Iterator[ClickSendApi]:
    """Open a client for the clinic's account. ClickSend is told of our address by a rule of its own."""
    del hook_address
    auth = (str(opened.options.get("username", "")), opened.secrets.get("api_key", ""))
    with http.client(opened, provider=CLICKSEND, base_url=addresses.url(API), auth=auth) as client:
        yield ClickSendApi(opened, client)


def _amount(written: object) -> float | None:
    try:
        return float(str(written)) if written not in {None, ""} else None
    except ValueError:
        return None


CLICKSEND = Provider(
    key=KEY,
    name="ClickSend",
    trade=Trade.SMS,
    icon="message-circle",
    summary="Reminders and replies by text, through your own ClickSend account.",
    adapter=ClickSendAdapter(),
    limits=Limits(at_once=4, a_minute=300),
    form=ClickSendForm,
    secret_fields=frozenset({"api_key"}),
    settings_url="sms:settings",
    order=41,
)
