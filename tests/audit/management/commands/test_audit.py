from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from audit import services, trails
from audit.models import Event, Seal
from tenants.scope import tenant_scope


@pytest.fixture
def one_event(alpha):
    with tenant_scope(alpha):
        services.record("view", object_type="page", payload={"page": 1})
    return alpha


@pytest.fixture
def events(one_event) -> int:
    """How many events the trail holds: a clinic begins with some."""
    with tenant_scope(one_event):
        return Event.objects.count()


def test_a_clean_trail_is_said_to_be_clean(one_event, events, capsys):
    call_command("audit", "seal", "--tenant", "alpha")

    call_command("audit", "verify", "--tenant", "alpha")

    said = capsys.readouterr().out
    assert f"alpha: 1 seals over {events} events" in said
    assert f"alpha: clean; 1 seals over {events} events, 0 not yet sealed" in said


def test_the_answer_can_be_read_by_a_machine(one_event, events, capsys):
    call_command("audit", "verify", "--tenant", "alpha", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert (answer["tenant"], answer["ok"], answer["unsealed"]) == ("alpha", True, events)
    assert answer["findings"] == []


def test_a_cut_tail_ends_with_a_status_that_scripts_notice(
    committed, one_event, superuser, tmp_path, capsys
):
    file = tmp_path / "alpha.jsonl"
    call_command("audit", "anchor", "--tenant", "alpha", "--file", file)
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(f"DELETE FROM {one_event.schema_name}.audit_seal")

    with pytest.raises(SystemExit) as ended:
        call_command("audit", "verify", "--tenant", "alpha", "--anchor", file)

    assert ended.value.code == 1
    assert "tail_cut" in capsys.readouterr().out


@pytest.mark.django_db(databases=["default", "platform"])
def test_all_trails_are_checked_at_once(one_event, beta, capsys):
    call_command("audit", "verify", "--all", "--json")

    answers = json.loads(capsys.readouterr().out)
    assert [answer["tenant"] for answer in answers] == ["platform", "alpha", "beta"]


def test_an_unknown_clinic_is_named_with_the_way_to_find_the_others(db):
    with pytest.raises(CommandError, match="no clinic “nowhere”; `nexus tenants list`"):
        call_command("audit", "verify", "--tenant", "nowhere")


def test_a_missing_anchor_file_is_no_clean_bill(one_event, tmp_path):
    with pytest.raises(CommandError, match="anchor file cannot be read"):
        call_command("audit", "verify", "--tenant", "alpha", "--anchor", tmp_path / "none")


def test_one_file_holds_one_chain(db, tmp_path):
    with pytest.raises(CommandError, match="One file holds one chain"):
        call_command("audit", "anchor", "--all", "--file", tmp_path / "x")


def test_sealing_seals(one_event):
    call_command("audit", "seal", "--tenant", "alpha", "--json")

    with trails.trail_of(one_event).open():
        assert Seal.objects.count() == 1
