"""A clinic in another database: backed up each night from there, drilled, and built anew here."""

from __future__ import annotations

import os

import pytest
from psycopg import conninfo

from clinical.patients.models import Patient
from onboarding.backups import drills, services, tasks
from onboarding.backups.models import Backup
from tenants import jobs
from tenants.checksums import checksums_of_clinic
from tenants.models import Job, Tenant
from tenants.scope import public_scope, tenant_scope
from tests.conftest import PASSWORD
from tests.onboarding.backups.test_kinds import asked
from tests.onboarding.backups.test_rebuilding import assert_same, sequences

pytestmark = pytest.mark.usefixtures("only_two_clinics")


@pytest.fixture
def moved(mover, east, second, settings):
    """The mover in the database “east”, which the backup's role may read."""
    done = jobs.run(asked("move", mover, cluster="east").pk)
    assert done.state == Job.State.DONE, done.problem
    admin = conninfo.conninfo_to_dict(os.environ["DATABASE_ADMIN_URL"])
    settings.CLUSTERS["east"]["backup"] = {
        "NAME": second, "USER": "nexus_backup", "PASSWORD": PASSWORD,
        "HOST": admin["host"], "PORT": admin["port"],
    }  # fmt: skip
    with public_scope():
        return Tenant.objects.get(pk=mover.pk)


def test_a_moved_clinic_is_backed_up_drilled_and_built_anew(moved):
    before = checksums_of_clinic(moved), sequences(moved)

    tasks.back_up_platform()
    with public_scope(using="owner"):
        nightly = Job.objects.get(kind="backup", tenant=moved)
        whole = Job.objects.get(kind="backup", tenant=None)
    done, of_all = jobs.run(nightly.pk), jobs.run(whole.pk)

    assert (done.state, of_all.state) == (Job.State.DONE, Job.State.DONE), done.problem
    with public_scope(using="owner"):
        backup = Backup.objects.get(pk=done.result["backup"])
    assert services.verify_backup(backup)["counts"]["rows"] > 30
    drill = drills.rehearse(moved)
    assert drill.is_green, drill.words

    built = jobs.run(asked("rebuild", None, backup=str(backup.pk), subdomain="again").pk)

    assert built.state == Job.State.DONE, built.problem
    with public_scope():
        again = Tenant.objects.get(subdomain="again")
    assert again.cluster == ""
    assert_same(again, *before)
    with tenant_scope(again):
        assert Patient.objects.count() == 30
