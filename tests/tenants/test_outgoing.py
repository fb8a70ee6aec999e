"""From a sandbox nothing goes out: no mail, nothing of its outbox, no loop that reminds."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from connections import relay
from tenants.models import Tenant
from tenants.outgoing import GuardedBackend, silent
from tenants.scope import public_scope, tenant_scope
from tenants.tasks import active_clinics


@pytest.fixture
def sandbox(committed, alpha, beta, superuser):
    """Make beta alpha's sandbox for a while."""
    superuser.execute(
        "UPDATE tenants_tenant SET sandbox_of_id = %s WHERE id = %s", [alpha.pk, beta.pk]
    )
    with public_scope():
        found = Tenant.objects.get(pk=beta.pk)
    yield found
    superuser.execute("UPDATE tenants_tenant SET sandbox_of_id = NULL")


def sent(backend: GuardedBackend) -> int:
    return backend.send_messages([EmailMessage("Hello", "…", "a@example.com", ["b@example.com"])])


def test_a_mail_leaves_a_clinic_and_no_sandbox(sandbox, alpha, settings):
    settings.MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    backend = GuardedBackend()

    with tenant_scope(alpha):
        assert sent(backend) == 1
    with tenant_scope(sandbox):
        assert sent(backend) == 0
    with silent(when=True):  # a long task of a sandbox, between two of its scopes
        assert sent(backend) == 0
    assert sent(backend) == 1
    assert len(mail.outbox) == 2


def test_loops_and_the_relay_pass_a_sandbox_by(sandbox, alpha, monkeypatch):
    reached = []
    monkeypatch.setattr(relay, "_claim", lambda clinic, _state: reached.append(clinic.subdomain))

    for clinic in (alpha, sandbox):
        relay.deliver_due(clinic)

    assert reached == ["alpha"]
    assert [clinic.subdomain for clinic in active_clinics()] == ["alpha"]
