"""A clinic out of a backup: the same to the last row, with its people, its secrets and its files."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command

from accounts.models import User
from audit import services as audit
from audit.trails import trail_of
from clinical.patients.models import Patient
from connections.models import Connection
from connections.sealing import open_secrets, seal_secrets
from onboarding.backups import rebuilding
from onboarding.restore import kinds
from tenants import jobs
from tenants.checksums import checksums_of_clinic, differences, sequences_of_clinic
from tenants.models import Job, Tenant
from tenants.scope import public_scope, tenant_scope
from tenants.storage import clinic_storage
from tests.onboarding.backups.test_kinds import asked, run_killed_once

pytestmark = pytest.mark.usefixtures("only_two_clinics")

CHANGED_BY_IT = {
    "connections_connection",
    "audit_event",
    "audit_payload",
    "audit_queue",
    "audit_origin",
}
"""Secrets are sealed anew, and the restore itself is on record."""


@pytest.fixture
def filled(alpha, beta):
    """Alpha with a person, a patient, a file and a secret; beta with a patient of its own."""
    with tenant_scope(beta):
        Patient.objects.create(family_name="Canaryneighbour")
    with tenant_scope(alpha):
        User.objects.create(email="o@example.com", name="O", role="owner")
        patient = Patient.objects.create(family_name="O'Né\\il", extra={"null": None})
        clinic_storage().save(f"patients/{patient.pk}/a.txt", ContentFile(b"a file"))
        connection = Connection(provider="smtp", state="live")
        connection.sealed = seal_secrets(connection, {"password": "hush"})
        connection.save()
    audit.seal(trail_of(alpha))
    return alpha


def backed_up(clinic=None, **params) -> str:
    done = jobs.run(asked("backup", clinic, **params).pk)
    assert done.state == "done", done.problem
    return str(done.result["backup"])


def rebuilt(backup: str, subdomain: str = "gamma", **params) -> Job:
    return jobs.run(asked("rebuild", None, backup=backup, subdomain=subdomain, **params).pk)


def clinic_at(subdomain: str) -> Tenant | None:
    with public_scope():
        return Tenant.objects.filter(subdomain=subdomain).first()


def gone(clinic) -> None:
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=clinic.pk).update(state="deleted")


def assert_same(clinic, before, series) -> None:
    wrong = [
        line
        for line in differences(before, checksums_of_clinic(clinic))
        if not any(table in line for table in CHANGED_BY_IT)
    ]
    assert wrong == []
    stands = sequences(clinic)
    stands.pop("audit_event_id_seq"), series.pop("audit_event_id_seq")
    assert stands == series


def sequences(clinic) -> dict[str, int]:
    with tenant_scope(clinic, using="owner"):
        return sequences_of_clinic()


@pytest.fixture
def before(filled):
    return checksums_of_clinic(filled), sequences(filled)


@pytest.mark.parametrize("of", ["", "alpha"], ids=["its own backup", "a backup of the platform"])
def test_a_clinic_comes_out_of_a_backup_as_it_was(filled, before, of):
    backup = backed_up(None, method="copy") if of else backed_up(filled)
    gone(filled)

    done = rebuilt(backup, **({"of": of} if of else {}))

    assert done.state == "done", done.problem
    gamma = clinic_at("gamma")
    assert (gamma.state, gamma.name, done.tenant_id) == ("active", filled.name, gamma.pk)
    assert_same(gamma, *before)
    assert done.result["audit"]["ok"], done.result
    assert (done.result["isolation"]["leaks"], done.result["files"]) == (0, 1)
    with tenant_scope(gamma):
        patient = Patient.objects.get()
        with clinic_storage().open(f"patients/{patient.pk}/a.txt") as file:
            assert file.read() == b"a file"
        assert open_secrets(Connection.objects.get()) == {"password": "hush"}


def test_beside_a_clinic_that_goes_on_it_is_a_copy_to_look_at(filled):
    done = rebuilt(backed_up(filled))

    gamma = clinic_at("gamma")
    assert (done.state, gamma.state) == ("done", "read_only")
    with tenant_scope(gamma):
        assert Connection.objects.get().state == "off"
    with tenant_scope(filled):
        assert Connection.objects.get().state == "live"


@pytest.mark.parametrize("step", ["build", "settle", "put_files"])
def test_a_worker_that_dies_on_the_way_leaves_one_clinic_all_the_same(
    filled, before, monkeypatch, step
):
    backup = backed_up(filled)
    gone(filled)
    job = asked("rebuild", None, backup=backup, subdomain="gamma")
    dying = {
        "build": (kinds, "name_host"),
        "settle": (kinds, "settle_as"),
        "put_files": (kinds, "put_file"),
    }[step]
    kept, deaths = getattr(*dying), []

    def mortal(*args, **options):
        answer = kept(*args, **options)
        if not deaths:
            deaths.append(step)
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(*dying, mortal)

    done = run_killed_once(job)

    assert deaths == [step]
    gamma = clinic_at("gamma")
    assert gamma.pk == done.tenant_id
    assert_same(gamma, *before)


def test_what_cannot_be_restored_is_said_before_anything_is_made(filled, beta):
    own = backed_up(filled)
    whole = backed_up(None, method="copy")

    refusals = {
        "there is none": rebuilt("0" * 12),
        "taken": rebuilt(own, "beta"),
        "of another": rebuilt(own, of="beta"),
        "of which": rebuilt(whole),
        "of nobody": rebuilt(whole, of="nobody"),
    }

    assert {why: job.state for why, job in refusals.items()} == dict.fromkeys(refusals, "failed")
    assert "no one backup" in refusals["there is none"].problem
    assert "taken" in refusals["taken"].problem
    assert "holds no clinic “beta”" in refusals["of another"].problem
    assert "say of which one" in refusals["of which"].problem
    assert "holds no clinic “nobody”" in refusals["of nobody"].problem
    assert clinic_at("gamma") is None


def test_rows_that_are_not_as_they_were_leave_no_schema(filled, monkeypatch, superuser):
    backup = backed_up(filled)
    honest = rebuilding.restore_clinic

    def lossy(*args, **options):
        restored = honest(*args, **options)
        restored.differences.append("table patients_patient: 0 rows, of 1, other values")
        return restored

    monkeypatch.setattr(rebuilding, "restore_clinic", lossy)

    done = rebuilt(backup)

    assert done.state == "failed"
    assert "not what was saved: table patients_patient" in done.problem
    gamma = clinic_at("gamma")
    assert gamma.state == "creating"
    [(found,)] = superuser.execute(
        "SELECT count(*) FROM pg_namespace WHERE nspname = %s", [gamma.schema_name]
    ).fetchall()
    assert found == 0


def test_by_command(filled, capsys):
    backup = backed_up(filled)
    gone(filled)

    call_command("tenants", "rebuild", "gamma", "--backup", backup.replace("-", "")[-12:])

    assert clinic_at("gamma").state == "active"
    assert "gamma" in capsys.readouterr().out


def test_an_operator_chooses_among_the_backups(filled, sign_in):
    operator = sign_in(None, "operator")
    assert "None yet." in operator.get("/jobs/ask/rebuild/").text
    backup = backed_up(filled)

    page = operator.get("/jobs/ask/rebuild/").text
    answer = operator.post("/jobs/ask/rebuild/", {"backup": backup, "subdomain": "gamma"})

    assert f'value="{backup}"' in page
    assert answer.status_code == 302
    with public_scope(using="owner"):
        job = Job.objects.get(kind="rebuild")
    assert job.params == {"backup": backup, "subdomain": "gamma", "is_copy": False}
    assert (
        "Select a valid choice"
        in operator.post("/jobs/ask/rebuild/", {"backup": "another", "subdomain": "gamma"}).text
    )
