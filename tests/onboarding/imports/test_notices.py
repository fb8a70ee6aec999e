"""Mails to the owners: when a load begins and ends, and nothing of patients in them."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import User
from onboarding.imports import notices, tasks
from onboarding.imports.loading.engine import Loader
from onboarding.imports.models import ImportRun
from onboarding.imports.notices import Notice
from onboarding.imports.services import import_file, undo_run
from tenants.scope import Actor, tenant_scope
from tenants.tasks import TENANT_HEADER

OWNER = Actor(label="Olive Owner")


@pytest.fixture
def people(alpha):
    with tenant_scope(alpha):
        User.objects.create(email="olive@alpha.example", name="Olive", role="owner")
        User.objects.create(email="rita@alpha.example", name="Rita", role="reception")
        User.objects.create(email="gone@alpha.example", name="Gone", role="owner", is_active=False)


@pytest.fixture
def posted(monkeypatch):
    sent = []
    monkeypatch.setattr(notices, "post", lambda notice, _run_id: sent.append(notice))
    return sent


def run_of(tenant):
    with tenant_scope(tenant):
        return ImportRun.objects.first()


def test_a_load_is_announced_and_its_end_told(alpha, demo, posted):
    import_file(alpha, demo.path, actor=OWNER)
    undo_run(alpha, run_of(alpha).pk)

    assert posted == [Notice.BEGINS, Notice.LOADED, Notice.UNDONE]


def test_a_dry_run_is_nobody_s_mail(alpha, demo, posted):
    import_file(alpha, demo.path, actor=OWNER, dry_run=True)

    assert posted == []


def test_a_load_that_stops_is_told(alpha, demo, posted, monkeypatch):
    def dies(self, rule, records, **more):
        raise MemoryError

    monkeypatch.setattr(Loader, "_load_table", dies)
    with pytest.raises(MemoryError):
        import_file(alpha, demo.path, actor=OWNER)

    assert posted == [Notice.BEGINS, Notice.STOPPED]


@pytest.mark.parametrize("notice", Notice)
def test_owners_get_it_with_figures_and_without_names(alpha, demo, people, notice):
    import_file(alpha, demo.path, actor=OWNER)
    run = run_of(alpha)
    mail.outbox.clear()

    tasks.send_notice.apply(
        [notice.value, str(run.pk)], headers={TENANT_HEADER: alpha.pk}, throw=True
    )

    (letter,) = mail.outbox
    assert letter.to == ["olive@alpha.example"]
    assert str(run.pk) in letter.body
    html, _ = letter.alternatives[0]
    for text in (letter.body, html, letter.subject):
        assert "Clinic.fmp12" not in text
    if notice == Notice.LOADED:
        assert f"{run.report['totals']['created']:,}" in letter.body
