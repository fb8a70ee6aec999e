"""What an intruder with a superuser's rights does to the trail, and that each of it is found."""

from __future__ import annotations

import json

import pytest

from audit import anchors, services, trails
from audit.verification import verify
from clinical.practice.models import Location
from tenants.scope import tenant_scope

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def trail(alpha):
    """Three seals of two events each; the events carry payloads."""
    trail = trails.trail_of(alpha)
    for name in ("North", "South", "East"):
        with tenant_scope(alpha):
            Location.objects.create(name=name)
            services.record("view", object_type="page", payload={"page": name})
        services.seal(trail)
    return trail


@pytest.fixture
def intruder(superuser, alpha):
    """A superuser in the clinic's schema with all triggers off."""
    superuser.execute(f"SET search_path = {alpha.schema_name}")
    superuser.execute("SET session_replication_role = replica")
    return superuser


def _ids(intruder) -> list[int]:
    return [row[0] for row in intruder.execute("SELECT id FROM audit_event ORDER BY at, id")]


def test_an_untouched_trail_is_clean(trail):
    verdict = verify(trail)

    assert (verdict.findings, verdict.ok) == ([], True)
    assert (verdict.seals, verdict.events, verdict.unsealed) == (3, 6, 0)


def test_what_is_not_yet_sealed_is_counted(trail, alpha):
    with tenant_scope(alpha):
        services.record("view", object_type="page")

    verdict = verify(trail)

    assert (verdict.ok, verdict.unsealed) == (True, 1)


@pytest.mark.parametrize(
    "change",
    [
        "actor_label = 'Bob'",
        "actor_id = 'bob'",
        "action = 'export'",
        "object_id = 'other'",
        "subject_id = 'other'",
        "result = 'denied'",
        "request_id = 'other'",
        "impersonator = 'other'",
        "tx = tx + 1",
        "at = at + interval '1 microsecond'",
        "at = at + interval '3 years'",
        "commitment = ''",
    ],
)
def test_an_edited_header_is_found_and_named(trail, intruder, change):
    event_id = _ids(intruder)[2]

    intruder.execute(f"UPDATE audit_event SET {change} WHERE id = %s", [event_id])

    verdict = verify(trail)
    found = [finding for finding in verdict.findings if finding.kind == "header_edited"]
    assert [(finding.seal, finding.event_id) for finding in found] == [(2, event_id)]


def test_a_header_moved_across_its_fields_is_found(trail, intruder):
    event_id = _ids(intruder)[2]

    intruder.execute(
        "UPDATE audit_event SET action = action || object_type, object_type = '' WHERE id = %s",
        [event_id],
    )

    assert verify(trail).counts == {"header_edited": 1}


@pytest.mark.parametrize("change", ["body = body || ' '", "salt = '\\x00'"])
def test_an_edited_payload_is_found(trail, intruder, change):
    event_id = _ids(intruder)[3]

    intruder.execute(f"UPDATE audit_payload SET {change} WHERE event_id = %s", [event_id])

    verdict = verify(trail)
    assert [(finding.kind, finding.event_id) for finding in verdict.findings] == [
        ("payload_edited", event_id)
    ]


def test_a_payload_edited_before_its_event_is_sealed_is_found(trail, intruder, alpha):
    with tenant_scope(alpha):
        event_id = services.record("view", object_type="page", payload={"page": "West"})

    intruder.execute("UPDATE audit_payload SET body = '{}' WHERE event_id = %s", [event_id])

    assert verify(trail).counts == {"payload_edited": 1}


def test_a_deleted_event_is_found(trail, intruder):
    event_id = _ids(intruder)[4]

    intruder.execute("DELETE FROM audit_event WHERE id = %s", [event_id])
    intruder.execute("DELETE FROM audit_payload WHERE event_id = %s", [event_id])

    verdict = verify(trail)
    assert [(finding.kind, finding.seal, finding.event_id) for finding in verdict.findings] == [
        ("event_deleted", 3, event_id)
    ]


def test_an_event_deleted_before_it_was_sealed_is_found_then_and_ever_after(trail, intruder, alpha):
    with tenant_scope(alpha):
        event_id = services.record("view", object_type="page")
    intruder.execute("DELETE FROM audit_event WHERE id = %s", [event_id])
    before = verify(trail)

    services.seal(trail)

    after = verify(trail)
    assert (before.counts, after.counts) == ({"event_deleted": 1}, {"event_deleted": 1})
    assert after.seals == 4


def test_a_forged_event_is_found(trail, intruder):
    intruder.execute(
        "INSERT INTO audit_event (at, tx, action, commitment) VALUES (now(), 1, 'view', '')"
    )

    assert verify(trail).counts == {"event_forged": 1}


def test_a_second_event_of_the_same_number_is_found(trail, intruder):
    intruder.execute(
        "INSERT INTO audit_event (id, at, tx, action, commitment)"
        " SELECT id, at + interval '2 years', tx, action, commitment FROM audit_event"
        " WHERE id = %s",
        [_ids(intruder)[0]],
    )

    assert verify(trail).counts["event_forged"] == 1


def test_a_cut_tail_is_found_by_an_anchor(trail, intruder, tmp_path):
    file = tmp_path / "alpha.jsonl"
    anchors.drop_anchor(trail, file)
    gone = _ids(intruder)[4:]
    intruder.execute("DELETE FROM audit_event WHERE id = ANY (%s)", [gone])
    intruder.execute("DELETE FROM audit_payload WHERE event_id = ANY (%s)", [gone])
    intruder.execute("DELETE FROM audit_seal WHERE n = 3")

    alone = verify(trail)
    anchored = verify(trail, anchors=anchors.read_anchors(file))

    assert (alone.ok, alone.seals) == (True, 2)
    assert [(finding.kind, finding.seal) for finding in anchored.findings] == [("tail_cut", 3)]


def test_a_tail_that_grew_again_after_the_cut_is_found_by_an_anchor(
    trail, intruder, tmp_path, alpha
):
    file = tmp_path / "alpha.jsonl"
    anchors.drop_anchor(trail, file)
    gone = _ids(intruder)[4:]
    intruder.execute("DELETE FROM audit_event WHERE id = ANY (%s)", [gone])
    intruder.execute("DELETE FROM audit_payload WHERE event_id = ANY (%s)", [gone])
    intruder.execute("DELETE FROM audit_seal WHERE n = 3")
    with tenant_scope(alpha):
        services.record("view", object_type="harmless")
    services.seal(trail)

    verdict = verify(trail, anchors=anchors.read_anchors(file))

    assert verdict.counts == {"seal_rewritten": 1}


def test_a_truncated_partition_is_found(trail, intruder):
    (partition,) = intruder.execute(
        "SELECT DISTINCT tableoid::regclass::text FROM audit_event"
    ).fetchone()

    intruder.execute(f"TRUNCATE {partition}")

    counts = verify(trail).counts
    assert (counts["event_deleted"], counts["partition_emptied"]) == (6, 1)


def test_a_deleted_payload_without_an_erasure_is_found(trail, intruder):
    intruder.execute("DELETE FROM audit_payload WHERE event_id = %s", [_ids(intruder)[1]])

    assert verify(trail).counts == {"payload_deleted": 1}


def test_an_erasure_that_only_claims_an_event_is_found(trail, intruder):
    erased, other = _ids(intruder)[1:3]
    intruder.execute("DELETE FROM audit_payload WHERE event_id = %s", [erased])

    intruder.execute(
        "INSERT INTO audit_erasure (event_id, erased_by) VALUES (%s, %s)", [erased, other]
    )

    assert verify(trail).counts == {"payload_deleted": 1}


def test_a_lawful_erasure_still_verifies(trail, intruder, alpha):
    with tenant_scope(alpha):
        services.erase_payload(_ids(intruder)[1], reason="the patient asked for it")
    services.seal(trail)

    verdict = verify(trail)

    assert (verdict.findings, verdict.erased, verdict.seals) == ([], 1, 4)


def test_a_deleted_seal_in_the_middle_is_found(trail, intruder):
    intruder.execute("DELETE FROM audit_seal WHERE n = 2")

    counts = verify(trail).counts

    assert (counts["seal_deleted"], counts["seal_relinked"]) == (1, 1)


def test_seals_linked_anew_over_an_edited_one_are_found_by_their_hashes(trail, intruder):
    intruder.execute("UPDATE audit_seal SET root = sha256('x') WHERE n = 2")
    intruder.execute("UPDATE audit_seal SET h = sha256('y') WHERE n = 2")
    intruder.execute("UPDATE audit_seal SET prev = sha256('y') WHERE n = 3")

    kinds = {(finding.kind, finding.seal) for finding in verify(trail).findings}

    assert kinds == {("seal_edited", 2), ("seal_edited", 3)}


def test_a_seal_that_drops_an_event_is_found(trail, intruder):
    intruder.execute("UPDATE audit_seal SET ids = ids[1:1], count = 1 WHERE n = 1")

    counts = verify(trail).counts

    assert (counts["seal_edited"] > 0, counts["event_forged"]) == (True, 1)


def test_a_forged_line_in_the_anchor_file_is_found(trail, tmp_path):
    file = tmp_path / "alpha.jsonl"
    anchors.drop_anchor(trail, file)
    line = json.loads(file.read_text())
    file.write_text(json.dumps({**line, "n": 2}) + "\nnot json\n")

    assert verify(trail, anchors=anchors.read_anchors(file)).counts == {"anchor_forged": 2}


def test_an_anchor_of_the_neighbour_is_not_taken_for_ones_own(trail, beta, tmp_path):
    file = tmp_path / "beta.jsonl"
    with tenant_scope(beta):
        services.record("view", object_type="page")
    anchors.drop_anchor(trails.trail_of(beta), file)

    assert verify(trail, anchors=anchors.read_anchors(file)).counts == {"anchor_foreign": 1}
