"""The jobs of this app end well, say why when they do not, and go on after their worker has died."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from django.core import mail
from django.utils import timezone

from accounts.models import User
from clinical.documents.models import Document
from connections.models import Connection
from onboarding.backups import drills, looks, services, tasks
from onboarding.backups.looks import Seen
from onboarding.backups.models import Backup, Drill, SelfCheck
from onboarding.backups.places import place
from tenants import jobs
from tenants.models import Job, MigrationHead
from tenants.scope import platform_scope, public_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")


def asked(kind, clinic=None, **params) -> Job:
    with public_scope(using="owner"):
        return jobs.ask(kind, clinic, asked_by="Olga", asked_from="operators", **params)


def rows(model):
    with public_scope(using="owner"):
        return list(model.objects.all())


def dies_once(monkeypatch, module, name):
    """Have a function end its process the first time it is called, after it has done its work."""
    kept, deaths = getattr(module, name), []

    def mortal(*args, **options):
        found = kept(*args, **options)
        if not deaths:
            deaths.append(name)
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(module, name, mortal)


def run_killed_once(job) -> Job:
    with pytest.raises(KeyboardInterrupt):
        jobs.run(job.pk)
    with public_scope(using="owner"):
        Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))
    done = jobs.run(job.pk)
    assert done.state == "done", done.problem
    return done


def test_a_backup_whose_worker_died_is_one_backup_all_the_same(alpha, monkeypatch):
    dies_once(monkeypatch, services, "write_backup")  # before the job has heard of it
    job = asked("backup", alpha)

    done = run_killed_once(job)

    [backup] = rows(Backup)
    assert (backup.state, backup.is_verified, backup.problem) == ("done", True, "")
    assert done.result["rows"] == backup.counts["rows"]
    kept = [path for path in Path(place()._root).rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [Path(backup.name).name]


def test_a_backup_that_fails_says_why(alpha, settings):
    settings.BACKUP_DATABASE_URL = ""

    done = jobs.run(asked("backup", alpha).pk)

    assert done.state == "failed"
    assert "DATABASE_BACKUP_URL" in done.problem


def test_a_drill_whose_worker_died_is_done_once_more_and_a_red_one_is_mailed(
    alpha, beta, monkeypatch
):
    with platform_scope():
        User.objects.create(email="olga@example.com", name="Olga", role="operator")
    monkeypatch.setattr(
        drills, "_go_the_whole_way", lambda *_a: (drills.Restored(differences=["table x"]), {})
    )
    monkeypatch.setattr(drills, "_shape_differences", lambda _tenant: [])
    dies_once(monkeypatch, drills, "rehearse")

    done = run_killed_once(asked("drill"))

    [drill] = rows(Drill)
    assert drill.subdomain in {"alpha", "beta"}
    assert done.result["green"] is False
    [letter] = mail.outbox
    assert (letter.to, "is red" in letter.subject) == (["olga@example.com"], True)
    assert "table x" in letter.body


@pytest.fixture
def night(monkeypatch, alpha, beta):
    """A self-check with two looks whose answers the test sets; answers how to run a night."""
    found = {"walls": Seen("green", "Fine."), "files": Seen("green", "Fine.")}
    monkeypatch.setattr(looks, "PLATFORM_LOOKS", {"walls": lambda: found["walls"]})
    monkeypatch.setattr(looks, "CLINIC_LOOKS", {"files": lambda _tenant: found["files"]})
    with platform_scope():
        User.objects.create(email="olga@example.com", name="Olga", role="operator")

    def run(**changed):
        found.update(changed)
        mail.outbox.clear()
        done = jobs.run(asked("selfcheck").pk)
        assert done.state == "done", done.problem
        return done.result, [letter.body for letter in mail.outbox]

    return run


def test_a_new_red_is_mailed_once_and_its_end_is_told(night):
    red, green = Seen("red", "A hole."), Seen("green", "Fine.")

    assert night() == ({"green": 3, "amber": 0, "red": 0, "new": 0, "cleared": 0}, [])
    result, [letter] = night(walls=red)
    assert (result["new"], "platform, walls: A hole." in letter) == (1, True)
    assert night()[1] == []  # still red: they know
    _result, [letter] = night(files=red)
    assert ("alpha, files" in letter, "beta, files" in letter, "walls" in letter) == (
        True, True, False,
    )  # fmt: skip
    result, [letter] = night(walls=green, files=green)
    assert (result["cleared"], "No longer red" in letter) == (3, True)
    assert night()[1] == []
    walls = [one for one in rows(SelfCheck) if one.check_name == "walls"]
    assert [one.result for one in sorted(walls, key=lambda one: one.at)] == [
        "green", "red", "red", "red", "green", "green",
    ]  # fmt: skip
    assert len({one.since for one in walls}) == 3


def test_a_selfcheck_whose_worker_died_goes_on_with_the_next_look(night, monkeypatch):
    looked = []

    def look(tenant):
        looked.append(tenant.subdomain)
        if looked == ["alpha", "beta"]:
            raise KeyboardInterrupt
        return Seen("green", "Fine.")

    monkeypatch.setattr(looks, "CLINIC_LOOKS", {"files": look})

    done = run_killed_once(asked("selfcheck"))

    assert looked == ["alpha", "beta", "beta"]
    assert done.result["green"] == 3
    assert len(rows(SelfCheck)) == 3


def test_a_look_that_stumbles_is_red_and_stops_no_other(night, monkeypatch):
    def stumble(_tenant):
        raise ValueError("Jane Citizen")

    monkeypatch.setattr(looks, "CLINIC_LOOKS", {"files": stumble})

    result, [letter] = night()

    assert (result["red"], result["green"]) == (2, 1)
    assert ("ValueError" in letter, "Jane" in letter) == (True, False)


def test_a_night_asks_once_for_each_and_again_after_a_failure(alpha):
    for _ in range(2):
        tasks.back_up_platform(), tasks.drill(), tasks.check_all()
    asked_for = [job.kind for job in rows(Job)]
    with public_scope(using="owner"):
        Job.objects.filter(kind="backup").update(state="failed")
    tasks.back_up_platform()

    assert sorted(asked_for) == ["backup", "drill", "selfcheck"]
    assert [job.kind for job in rows(Job)].count("backup") == 2


def test_a_clinic_cannot_ask_for_them_itself(alpha):
    for kind in ("backup", "drill", "selfcheck"):
        with tenant_scope(alpha), pytest.raises(jobs.JobError, match="operators"):
            jobs.ask(kind, alpha, asked_by="Owner", asked_from="clinic")


def test_every_real_look_answers_for_a_sound_installation(alpha, beta, monkeypatch):
    monkeypatch.delitem(looks.CLINIC_LOOKS, "isolation")  # takes long, and has a test below
    done = jobs.run(asked("selfcheck").pk)

    assert done.state == "done", done.problem
    found = {(one.tenant_id, one.check_name): one for one in rows(SelfCheck)}
    assert set(found) == {
        *((None, name) for name in looks.PLATFORM_LOOKS),
        *((clinic.pk, name) for clinic in (alpha, beta) for name in looks.CLINIC_LOOKS),
    }
    stumbled = [one.words for one in found.values() if "itself failed" in one.words]
    assert stumbled == []
    for name in ("audit", "connections", "migrations", "files"):
        assert found[alpha.pk, name].result == "green", found[alpha.pk, name].words
    assert found[None, "walls"].result == "green", found[None, "walls"].words
    assert found[None, "backup"].words == "There is no good backup."


def test_looks_find_what_is_wrong(alpha, superuser):
    with tenant_scope(alpha):
        Connection.objects.create(provider="xero", state="broken", problem="refused")
        Document.objects.create(
            file_name="gone.pdf",
            storage_key="unlinked/gone.pdf",
            size=3,
            state="stored",
            sha256="0" * 64,
        )
    table = f"{alpha.schema_name}.accounts_user"
    superuser.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    try:
        walls = looks.isolation_of(alpha)
    finally:
        superuser.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    with public_scope(using="owner"):
        MigrationHead.objects.filter(tenant_id=alpha.pk).update(error="no")
        failed = looks.migrations_of_platform()
        MigrationHead.objects.filter(tenant_id=alpha.pk).update(error="")
        yesterday = timezone.now() - timedelta(hours=31)
        Backup.objects.create(
            tenant_id=alpha.pk, scope="clinic", state="done", began_at=yesterday, as_of=yesterday
        )

    assert (walls.result, "not forced" in walls.words) == ("red", True)
    assert looks.connections_of(alpha).result == "amber"
    assert (looks.files_of(alpha).result, looks.files_of(alpha).figures["missing"]) == ("red", 1)
    assert failed.result == "red"
    assert (looks.backup_of(alpha).result, looks.backup_of(alpha).figures) == (
        "red", {"hours": 31.0},
    )  # fmt: skip


def test_a_certificate_is_judged_by_what_is_left_of_it(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "roots.pem")
    for days, result in ((60, "green"), (10, "amber"), (3, "red"), (-1, "red")):
        issued = authority.issue_cert("localhost", not_after=timezone.now() + timedelta(days=days))
        with tls_server(issued) as port:
            seen = looks.certificate_at("localhost", port, trust=str(tmp_path / "roots.pem"))
            stranger = looks.certificate_at("localhost", port)
        assert seen.result == result, seen.words
        assert stranger.result == "red"
    assert looks.certificate_at("localhost", port).result == "amber"


@contextmanager
def tls_server(issued):
    """Shake hands with whoever comes, on a free port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued.configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    raw, _address = listening.accept()
                except OSError:
                    return
                with suppress(OSError), context.wrap_socket(raw, server_side=True) as secured:
                    secured.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)
