"""Backups hold every row and file, open for whom they should, and are thrown away when they do not."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pyrage
import pytest
from django.core.files.base import ContentFile
from psycopg import conninfo

from accounts.models import User
from onboarding.backups import dumping, services
from onboarding.backups.archive import members_of
from onboarding.backups.errors import BackupError, CannotOpenError, CountsDifferError
from onboarding.backups.files import FOLDERS
from onboarding.backups.models import Backup
from onboarding.backups.places import place
from onboarding.backups.sealing import opened
from tenants import roles
from tenants.scope import public_scope, tenant_scope
from tenants.storage import clinic_storage

pytestmark = pytest.mark.usefixtures("committed")
NAME = "Zebediah Quill"
LETTER = b"Dear Doctor" * 5000


@pytest.fixture
def rows(alpha, beta):
    for clinic in (alpha, beta):
        with tenant_scope(clinic):
            for number in range(3):
                User.objects.create(
                    email=f"{number}@example.com", name=f"{NAME}\n\t{number} \\.", role="reception"
                )
    with tenant_scope(alpha):
        for folder in FOLDERS:  # of other tests
            for name in list(clinic_storage().names_below(folder)):
                clinic_storage().delete(name)
        clinic_storage().save("patients/one/letter.pdf", ContentFile(LETTER))
        clinic_storage().save("takeout/old.zip", ContentFile(b"passing"))


def written(clinic, **options) -> Backup:
    return services.write_backup(services.begin_backup(clinic, actor="Olga"), **options)


def inside(backup: Backup, *identities) -> dict[str, bytes]:
    with (
        place().open(backup.name) as source,
        opened(source, identities=identities) as reader,
    ):
        return {name: content.read() for name, content in members_of(reader)}


def row(backup: Backup) -> Backup:
    with public_scope(using="owner"):
        return Backup.objects.get(pk=backup.pk)


def test_a_clinics_backup_holds_its_rows_and_files_and_nobody_elses(rows, alpha, beta, age):
    backup = written(alpha)

    kept = row(backup)
    assert (kept.state, kept.method, kept.problem) == ("done", "copy", "")
    assert (kept.counts["files"], kept.counts["file_bytes"]) == (1, len(LETTER))
    assert kept.sealed_for == [f"age {services.sealer().sealed_for[0].split()[1]}"]
    members = inside(backup, age)
    users = members[f"clinics/{alpha.schema_name}/tables/accounts_user/000001"]
    assert users.count(b"\n") == 3
    assert members[f"clinics/{alpha.schema_name}/files/patients/one/letter.pdf"] == LETTER
    assert not [name for name in members if "takeout" in name or beta.schema_name in name]
    stored = Path(place()._path(backup.name)).read_bytes()
    assert stored.startswith(b"age-encryption.org/v1")
    assert (kept.size, b"Quill" in stored, len(kept.sha256)) == (len(stored), False, 64)


def test_what_was_sealed_for_people_opens_with_their_key_alone(rows, alpha, age):
    backup = written(alpha)

    assert services.verify_backup(backup) == {
        "bytes": backup.size, "sha256": backup.sha256, "opened": False,
    }  # fmt: skip
    assert services.verify_backup(backup, identities=[age])["counts"] == backup.counts
    with pytest.raises(CannotOpenError, match="name the file with the private key"):
        inside(backup)
    with pytest.raises(CannotOpenError, match="does not open"):
        inside(backup, pyrage.x25519.Identity.generate())


def test_without_people_the_platforms_key_seals_and_opens(rows, alpha):
    backup = written(alpha)

    assert backup.sealed_for == ["key tests"]
    assert backup.name.endswith(".nxb")
    assert services.verify_backup(backup)["opened"] is True
    assert row(backup).is_verified is True


def test_a_backup_that_was_cut_or_changed_is_found(rows, alpha, age):
    identities = [age]
    backup = written(alpha)
    path = Path(place()._path(backup.name))
    whole = path.read_bytes()

    for damaged in (whole[:-20], whole[:-1] + bytes([whole[-1] ^ 1]), whole + b"x", b""):
        path.write_bytes(damaged)
        with pytest.raises(BackupError):
            services.verify_backup(backup, identities=identities)
        assert row(backup).is_verified is False
        with pytest.raises(CannotOpenError):
            inside(backup, *identities)


def test_the_whole_platform_by_pg_dump_is_built_anew_by_psql(rows, alpha, beta, age, superuser):
    """As docs/operations.md says: the SQL through psql into an empty database, no file between."""
    backup = written(None, method="pg_dump")

    assert (backup.counts["clinics"], backup.counts["files"]) == (2, 1)
    assert services.verify_backup(backup, identities=[age])["counts"] == backup.counts
    with public_scope(using="owner"):
        parts = {part.tenant_id: part for part in Backup.objects.filter(within=backup)}
    assert set(parts) == {alpha.pk, beta.pk}
    assert (parts[alpha.pk].counts["files"], parts[beta.pk].is_verified) == (1, True)
    roles.bootstrap_database(os.environ["DATABASE_ADMIN_URL"], name="nexus_restored")
    try:
        with (
            psql_into("nexus_restored") as pipe,
            place().open(backup.name) as source,
            opened(source, identities=[age]) as inside,
        ):
            for name, content in members_of(inside):
                if name.startswith("platform/database.sql/"):
                    pipe.write(content.read())
        with psycopg.connect(os.environ["DATABASE_ADMIN_URL"], dbname="nexus_restored") as restored:
            expect_same_people(superuser, restored, alpha, beta)
    finally:
        superuser.execute("DROP DATABASE nexus_restored WITH (FORCE)")


def expect_same_people(before, after, *clinics):
    for clinic in clinics:
        table = f"{clinic.schema_name}.accounts_user"
        question = f"SELECT count(*), sum(hashtext(u::text)) FROM {table} u"
        assert after.execute(question).fetchone() == before.execute(question).fetchone()
    walls = "SELECT count(*) FROM pg_policies"
    assert after.execute(walls).fetchone() == before.execute(walls).fetchone()
    after.execute(f"SET ROLE nexus_app; SET rls.tenant_id = '{clinics[0].pk}'")
    for clinic, seen in zip(clinics, (3, 0), strict=True):
        found = after.execute(f"SELECT count(*) FROM {clinic.schema_name}.accounts_user")
        assert found.fetchone() == (seen,)


@contextmanager
def psql_into(database: str):
    """Run psql that stops at the first error; it must end well."""
    admin = conninfo.conninfo_to_dict(os.environ["DATABASE_ADMIN_URL"])
    psql = Path(dumping.program(1)).with_name("psql")
    process = subprocess.Popen(
        [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", admin["host"], "-p", admin["port"],
         "-U", admin["user"], "-d", database],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PGPASSWORD": admin["password"]},
    )  # fmt: skip
    with process:
        with suppress(BrokenPipeError):
            yield process.stdin
        with suppress(BrokenPipeError):
            process.stdin.close()
        said = process.stdout.read().decode()
    assert process.returncode == 0, said[-2000:]


def test_the_whole_platform_table_by_table(rows, alpha, beta):
    backup = written(None, method="copy")

    members = inside(backup)
    assert f"clinics/{beta.schema_name}/tables/accounts_user/000001" in members
    assert "public/tables/tenants_tenant/000001" in members
    assert len([name for name in members if name.startswith("schemas/")]) == 1
    assert backup.counts["clinics"] == 2
    assert services.verify_backup(backup)["counts"] == backup.counts


def test_a_dump_that_rows_were_kept_from_is_thrown_away(rows, monkeypatch, settings):
    """`pg_dump --enable-row-security` writes no row of a walled table, and ends with status 0."""
    settings.BACKUP_DATABASE_URL = settings.BACKUP_DATABASE_URL.replace(
        "nexus_backup", "nexus_owner"
    )
    monkeypatch.setattr(dumping.Dump, "options", ("--enable-row-security",))
    monkeypatch.setattr("onboarding.backups.dumping._environment", _with_a_scope_of_nobody)
    backup = services.begin_backup(None, actor="Olga")

    with pytest.raises(CountsDifferError, match=r"0 rows were written and \d+ are there"):
        services.write_backup(backup, method="pg_dump")

    assert row(backup).state == "failed"
    assert "thrown away" in row(backup).problem
    assert place().size(backup.name) is None


def _with_a_scope_of_nobody() -> dict[str, str]:
    return {**_environment(), "PGOPTIONS": "-c rls.tenant_id=0"}


_environment = dumping._environment


def test_a_role_that_does_not_see_past_the_walls_makes_no_empty_backup(rows, alpha, settings):
    settings.BACKUP_DATABASE_URL = settings.BACKUP_DATABASE_URL.replace(
        "nexus_backup", "nexus_owner"
    )
    backup = services.begin_backup(alpha, actor="Olga")

    with pytest.raises(Exception, match="row-level security"):
        services.write_backup(backup)

    assert row(backup).state == "failed"
    assert place().size(backup.name) is None


def test_without_a_way_to_encrypt_nothing_is_written(rows, alpha, settings):
    settings.VAULT_KEYS, settings.VAULT_KMS_KEY = {}, ""
    backup = services.begin_backup(alpha, actor="Olga")

    with pytest.raises(BackupError, match="NEXUS_BACKUP_RECIPIENTS"):
        services.write_backup(backup)

    assert re.search("keygen", row(backup).problem)
