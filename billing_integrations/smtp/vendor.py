"""A clinic's mail server as the Integrations page offers it, and as an open connection reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing_integrations.smtp.forms import SmtpForm
from billing_integrations.smtp.mailer import Security, Server, SmtpMailer
from connections.providers import Account, Limits, Provider, Trade
from tenants.networks import policy_of_clinic

if TYPE_CHECKING:
    from connections.opened import OpenConnection


def mailer_of(opened: OpenConnection) -> SmtpMailer:
    """Answer the mailbox of an open connection."""
    options = opened.options
    server = Server(
        host=str(options["host"]),
        port=int(options["port"]),
        security=Security(options["security"]),
        user=str(options["user"]),
        password=opened.secrets.get("password", ""),
        policy=policy_of_clinic(opened.clinic),
    )
    return SmtpMailer(
        server,
        address=str(options["from_address"]),
        reply_to=str(options.get("reply_to") or ""),
    )


class SmtpConnecting:
    """What a mail server does for the connection itself (`connections.providers.Adapter`)."""

    def accounts(self, opened: OpenConnection) -> list[Account]:
        """Log in, and answer the mailbox that was entered."""
        mailer = mailer_of(opened)
        mailer.check()
        server = mailer.server
        return [Account(f"{server.user}@{server.host}", mailer.address, server.host)]

    def check(self, opened: OpenConnection) -> str:
        """Log in without sending anything."""
        mailer = mailer_of(opened)
        mailer.check()
        return (
            f"{mailer.server.host} lets Nexus in. Mails go out from {mailer.address}; no mail was "
            "sent now."
        )

    def revoke(self, opened: OpenConnection) -> None:
        """Nothing is kept at the server that could be given back: the password is forgotten here."""


def smtp() -> Provider:
    """Describe it."""
    return Provider(
        key="smtp",
        name="Mail server (SMTP)",
        trade=Trade.MAIL,
        icon="mail-forward",
        summary="Letters, invoices and reminders go out through the practice's own mail server, "
        "whoever runs it; answers arrive there.",
        adapter=SmtpConnecting(),
        limits=Limits(at_once=2),
        form=SmtpForm,
        secret_fields=frozenset({"password"}),
        settings_url="mailboxes:settings",
        order=21,
    )
