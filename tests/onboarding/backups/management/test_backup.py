"""`nexus backup` from end to end, as somebody with a key file uses it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from onboarding.backups.models import Backup
from onboarding.backups.places import place
from tenants.models import Tenant
from tenants.scope import public_scope

pytestmark = pytest.mark.usefixtures("committed")


def said(capsys, *words):
    call_command("backup", *words)
    return capsys.readouterr().out


def test_a_clinic_is_backed_up_listed_verified_and_opened(alpha, capsys, tmp_path, settings):
    pair = json.loads(said(capsys, "--json", "keygen"))
    settings.BACKUP_RECIPIENTS = (pair["public"],)
    (tmp_path / "key").write_text(f"# created by a test\n{pair['private']}\n")

    result = json.loads(said(capsys, "--json", "--tenant", "alpha", "--no-files"))
    [row] = json.loads(said(capsys, "--json", "list"))
    verified = json.loads(
        said(capsys, "--json", "verify", row["id"][-8:], "--identity", str(tmp_path / "key"))
    )
    said(capsys, "open", row["name"], "--identity", str(tmp_path / "key"),
         "--to", str(tmp_path / "out"))  # fmt: skip

    assert row["id"] == result["backup"]
    assert (row["state"], row["verified"], row["what"]) == ("done", True, "alpha")
    assert verified["counts"] == row["counts"]
    assert row["left_out"] == ["files: this backup was asked for without them"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["counts"]["rows"] == row["counts"]["rows"]
    assert (tmp_path / "out" / "clinics" / alpha.schema_name / "tables.json").exists()


def test_what_cannot_be_done_is_said_in_words(alpha, capsys, tmp_path):
    (tmp_path / "empty").write_text("")
    (tmp_path / "text").write_text("hello, this is no backup at all, is it")

    for words, message in (
        ((), "Name what to back up"),
        (("--tenant", "alpha", "--platform"), "Name what to back up"),
        (("--tenant", "nobody"), "There is no clinic"),
        (("verify", "abc"), "There is no one backup"),
        (("open", str(tmp_path / "text"), "--check"), "no backup of Nexus"),
        (("open", "nothing.age", "--check"), "is not in file://"),
        (("open", str(tmp_path / "text"), "--identity", str(tmp_path / "empty"), "--check"),
         "holds no age private key"),
    ):  # fmt: skip
        with pytest.raises(CommandError, match=message):
            call_command("backup", *words)
    with public_scope(using="owner"):
        assert Backup.objects.count() == 0


def test_the_policy_deletes_and_leaves_the_last(alpha, capsys, settings):
    settings.BACKUP_KEEP = (1, 0, 0)
    for _ in range(2):
        said(capsys, "--tenant", "alpha", "--no-files")

    with public_scope(using="owner"):
        older, newer = Backup.objects.order_by("began_at")
    assert (older.state, newer.state) == ("deleted", "done")
    assert place().size(older.name) is None
    assert place().size(newer.name) == newer.size

    for days_ago, left in ((20, ["done"]), (32, ["deleted"])):
        settings.BACKUP_KEEP = (1, 0, 1)
        with public_scope(using="owner"):
            at = timezone.now() - timedelta(days=days_ago)
            Tenant.objects.filter(pk=alpha.pk).update(state="deleted", deleted_at=at)
        try:
            said(capsys, "tidy")
        finally:
            with public_scope(using="owner"):
                Tenant.objects.filter(pk=alpha.pk).update(state="active", deleted_at=None)
                states = Backup.objects.filter(pk=newer.pk).values_list("state", flat=True)
                assert list(states) == left
    assert place().size(newer.name) is None
