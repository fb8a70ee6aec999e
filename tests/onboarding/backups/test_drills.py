"""The drill restores for real, finds what is not the same, and leaves nothing behind."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.base import ContentFile

from accounts.models import User
from onboarding.backups import drills, writing
from onboarding.backups.models import Drill
from tenants.scope import public_scope, schema_of, tenant_scope
from tenants.storage import clinic_storage

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def people(alpha, beta):
    for clinic in (alpha, beta):
        with tenant_scope(clinic):
            User.objects.create(email="a@example.com", name="Zoë\t\\N\n", role="owner")
            User.objects.create(email="b@example.com", name="Bo", role="reception")
    with tenant_scope(alpha):
        clinic_storage().save("unlinked/drill.txt", ContentFile(b"a file"))


def test_a_sound_clinic_comes_back_the_same_and_the_copy_is_gone(
    people, alpha, superuser, age, tmp_path
):
    drill = drills.rehearse(alpha, job_id=uuid.uuid4())

    assert (drill.differences, drill.is_green) == ([], True), drill.words
    assert drill.figures["rows"] > 4
    assert drill.figures["files"] >= 1
    gone = superuser.execute("SELECT to_regnamespace(%s)", [schema_of(drills.DRILL_ID)]).fetchone()
    assert gone == (None,)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_value_and_a_wall_that_do_not_come_back_make_it_red(
    people, alpha, superuser, monkeypatch
):
    kept = writing._copied

    def lossy(reader, schema, relation):
        for block in kept(reader, schema, relation):
            yield block.replace(b"\tBo\t", b"\tJo\t")

    monkeypatch.setattr(writing, "_copied", lossy)
    table = f"{alpha.schema_name}.patients_patient"
    superuser.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    try:
        drill = drills.rehearse(alpha)
    finally:
        superuser.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")

    assert not drill.is_green
    assert any("table accounts_user: 2 rows" in words for words in drill.differences)
    assert any("patients_patient rls true force false" in words for words in drill.differences)


def test_a_store_that_cannot_be_written_makes_it_red_and_says_so(alpha, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.BACKUP_STORE = {"location": str(tmp_path / "file")}

    drill = drills.rehearse(alpha)

    assert not drill.is_green
    assert "cannot be written" in drill.words
    with public_scope(using="owner"):
        assert Drill.objects.count() == 1
