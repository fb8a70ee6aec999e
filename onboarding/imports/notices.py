"""What owners are told by mail of a load: that it begins, how it ended, that it was taken back.

No mail holds anything about a patient, nor the name of a file: figures, and where to look.
"""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from onboarding.imports.models import ImportRun
from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

    from tenants.models import Tenant


class Notice(StrEnum):
    BEGINS = "begins"
    LOADED = "loaded"
    STOPPED = "stopped"
    UNDONE = "undone"


SUBJECTS = {
    Notice.BEGINS: "{clinic}: an import begins",
    Notice.LOADED: "{clinic}: the import has ended, please look at its report",
    Notice.STOPPED: "{clinic}: the import has stopped, nothing was changed",
    Notice.UNDONE: "{clinic}: the import was undone",
}


def post(notice: Notice, run_id: UUID) -> None:
    """Send a notice on its way once the transaction is kept; the task carries ids only."""
    from onboarding.imports.tasks import send_notice

    scope = current_scope()
    send = partial(send_notice.delay_for, scope.tenant_id, notice.value, str(run_id))
    transaction.on_commit(send, using=scope.alias, robust=True)


def write(notice: Notice, run_id: str, *, clinic: Tenant) -> list[EmailMultiAlternatives]:
    """Write a notice to each owner, in the clinic's scope; none where the run is gone."""
    run = ImportRun.objects.filter(pk=run_id).first()
    if run is None:
        return []
    subject = " ".join(SUBJECTS[notice].format(clinic=clinic.name).split())
    link = clinic.url + reverse(
        "imports:detail", kwargs={"pk": run.pk}, urlconf=settings.CLINIC_URLCONF
    )
    owners = User.objects.filter(is_active=True, role=User.Role.OWNER, invited_at=None)
    return [_letter(notice, run, owner, clinic, subject, link) for owner in owners]


def _letter(  # noqa: PLR0917 - what stands in one letter
    notice: Notice, run: ImportRun, owner: User, clinic: Tenant, subject: str, link: str
) -> EmailMultiAlternatives:
    context = {
        "notice": notice.value,
        "user": owner,
        "sender": clinic.name,
        "url": clinic.url,
        "link": link,
        "subject": subject,
        "run": run,
        "replaces": run.mode == ImportRun.Mode.REPLACE,
        "totals": run.report.get("totals", {}),
        "failed_checks": sum(not check["ok"] for check in run.report.get("checks", ())),
    }
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("imports/mail/notice.txt", context),
        from_email=formataddr(
            (f"{clinic.name} via Nexus", parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
        ),
        to=[owner.email],
    )
    message.attach_alternative(render_to_string("imports/mail/notice.html", context), "text/html")
    return message
