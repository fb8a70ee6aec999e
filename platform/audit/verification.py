"""Does the record stand as it was written? Every hash is computed anew, outside the database.

Reads seal by seal, in short transactions, so memory and locks stay small however long the trail is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connections

from audit import hashing
from audit.anchors import Anchor, AnchorError
from audit.models import Erasure, Event, Origin, Payload, QueuedEvent, Seal
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from audit.trails import Trail

BATCH = 5000
PAYLOADS_AT_ONCE = 500  # a payload can hold a long note
DETAILED = 200
"""So many findings are kept in words; the others are counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was written."""

    kind: str
    message: str
    seal: int | None = None
    event_id: int | None = None


@dataclass
class Verdict:
    """What a trail's verification read and found. `ok` only when nothing was found."""

    trail: str
    seals: int = 0
    events: int = 0
    unsealed: int = 0
    erased: int = 0
    anchors: int = 0
    head: str = ""
    sealed_through: datetime | None = None
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.counts

    def find(
        self, kind: str, message: str, *, seal: int | None = None, event_id: int | None = None
    ) -> None:
        self.counts[kind] += 1
        if len(self.findings) < DETAILED:
            self.findings.append(Finding(kind, message, seal, event_id))

    def as_json(self) -> dict[str, Any]:
        return {
            "tenant": self.trail,
            "ok": self.ok,
            "seals": self.seals,
            "events": self.events,
            "unsealed": self.unsealed,
            "erased": self.erased,
            "anchors": self.anchors,
            "head": self.head,
            "sealed_through": self.sealed_through.isoformat() if self.sealed_through else None,
            "counts": dict(self.counts),
            "findings": [vars(finding) for finding in self.findings],
        }


def verify(trail: Trail, *, anchors: Iterable[Anchor | AnchorError] = ()) -> Verdict:
    """Read a whole trail and answer what is wrong with it, against `anchors` too where given."""
    verdict = Verdict(trail.label)
    anchored = _trusted(trail, anchors, verdict)
    previous = hashing.GENESIS
    gaps: list[Seal] = []
    with trail.open():
        origins = list(Origin.objects.order_by("upto"))
    while True:
        with trail.open():
            seal = Seal.objects.filter(n__gt=verdict.seals).order_by("n").first()
            if seal is None:
                break
            if seal.n != verdict.seals + 1:
                missing = f"seals {verdict.seals + 1} to {seal.n - 1} are gone"
                verdict.find("seal_deleted", missing, seal=verdict.seals + 1)
            made_in = _maker(origins, seal, verdict) or trail.tenant_id
            _check_link(seal, previous, made_in, anchored.pop(seal.n, None), verdict)
            if not _check_sealed_events(seal, verdict):
                gaps.append(seal)
        previous = bytes(seal.h)
        verdict.seals, verdict.head = seal.n, previous.hex()
        verdict.sealed_through = seal.sealed_at
    for n, anchor in sorted(anchored.items()):
        verdict.find(
            "tail_cut",
            f"on {anchor.anchored_at} the chain had {n} seals; now it ends at {verdict.seals}",
            seal=n,
        )
    with trail.open():
        _check_emptied_partitions(gaps, verdict)
    with trail.open():
        _check_strays(verdict)
    _check_queue(trail, verdict)
    return verdict


def _maker(origins: Sequence[Origin], seal: Seal, verdict: Verdict) -> int | None:
    """Answer the clinic that made a seal that was restored here; None for one made here."""
    origin = next((found for found in origins if seal.n <= found.upto), None)
    if origin is None:
        return None
    if seal.n == origin.upto and bytes(seal.h) != bytes(origin.h):
        verdict.find(
            "seal_rewritten", f"seal {seal.n} is not the one that was restored", seal=seal.n
        )
    return origin.clinic


def _trusted(
    trail: Trail, anchors: Iterable[Anchor | AnchorError], verdict: Verdict
) -> dict[int, Anchor]:
    found: dict[int, Anchor] = {}
    for anchor in anchors:
        verdict.anchors += 1
        if isinstance(anchor, AnchorError):
            verdict.find("anchor_forged", str(anchor))
        elif anchor.tenant_id != trail.tenant_id:
            verdict.find("anchor_foreign", f"an anchor of clinic {anchor.tenant_id} is in the file")
        elif anchor.n in found and found[anchor.n].h != anchor.h:
            verdict.find("anchor_conflict", f"two anchors name seal {anchor.n}", seal=anchor.n)
        elif anchor.n > 0:
            found[anchor.n] = anchor
    return found


def _check_link(
    seal: Seal, previous: bytes, tenant_id: int, anchor: Anchor | None, verdict: Verdict
) -> None:
    n = seal.n
    if bytes(seal.prev) != previous:
        verdict.find("seal_relinked", f"seal {n} does not follow the seal before it", seal=n)
    expected = hashing.link_of(
        previous=bytes(seal.prev),
        tenant_id=tenant_id,
        n=n,
        ids=seal.ids,
        root=bytes(seal.root),
        sealed_at=seal.sealed_at,
    )
    if bytes(seal.h) != expected or seal.count != len(seal.ids):
        verdict.find("seal_edited", f"seal {n} was edited after it was made", seal=n)
    if anchor is not None and anchor.h != bytes(seal.h).hex():
        verdict.find(
            "seal_rewritten",
            f"seal {n} is not the one that was anchored on {anchor.anchored_at}",
            seal=n,
        )


def _check_sealed_events(seal: Seal, verdict: Verdict) -> bool:
    """Check the events of one seal; answers whether all are there."""
    found = _events(seal.ids, verdict)
    leaves: list[bytes] = []
    marks = bytes(seal.marks)
    suspects: list[int] = []
    for position, event_id in enumerate(seal.ids):
        event = found.get(event_id)
        if event is None:
            verdict.find(
                "event_deleted", f"event {event_id} is gone", seal=seal.n, event_id=event_id
            )
            continue
        leaf = hashing.leaf_of(event)
        leaves.append(leaf)
        at = position * hashing.MARK_BYTES
        if leaf[: hashing.MARK_BYTES] != marks[at : at + hashing.MARK_BYTES]:
            suspects.append(event_id)
    whole = len(leaves) == len(seal.ids)
    if whole and leaves and hashing.merkle_root(leaves) == bytes(seal.root):
        suspects = []
    elif whole and not suspects:
        verdict.find("seal_edited", f"the root of seal {seal.n} fits no event of it", seal=seal.n)
    for event_id in suspects:
        verdict.find(
            "header_edited",
            f"event {event_id} was edited after it was sealed",
            seal=seal.n,
            event_id=event_id,
        )
    verdict.events += len(found)
    _check_payloads(found.values(), verdict, seal=seal.n)
    return whole


def _events(ids: Sequence[int], verdict: Verdict) -> dict[int, Event]:
    found: dict[int, Event] = {}
    # The id alone is not unique to PostgreSQL: a partitioned table's key holds the time as well.
    for event in Event.objects.filter(id__in=ids).order_by():
        if event.id in found:
            verdict.find("event_forged", f"event {event.id} stands there twice", event_id=event.id)
        found[event.id] = event
    return found


def _check_payloads(events: Iterable[Event], verdict: Verdict, *, seal: int | None) -> None:
    expected = {event.id: bytes(event.commitment) for event in events}
    missing = {event_id for event_id, commitment in expected.items() if commitment}
    ids = list(expected)
    for start in range(0, len(ids), PAYLOADS_AT_ONCE):
        for payload in Payload.objects.filter(pk__in=ids[start : start + PAYLOADS_AT_ONCE]):
            missing.discard(payload.pk)
            if hashing.commitment_of(bytes(payload.salt), payload.body) != expected[payload.pk]:
                verdict.find(
                    "payload_edited",
                    f"what event {payload.pk} recorded was edited",
                    seal=seal,
                    event_id=payload.pk,
                )
    lawful = _lawful_erasures(missing)
    verdict.erased += len(lawful)
    for event_id in sorted(missing - lawful):
        verdict.find(
            "payload_deleted",
            f"what event {event_id} recorded is gone, and no erasure says so",
            seal=seal,
            event_id=event_id,
        )


def _lawful_erasures(missing: set[int]) -> set[int]:
    """Answer those whose erasure has an event of its own; that event is checked in its own seal."""
    if not missing:
        return set()
    erasures = dict(
        Erasure.objects.filter(event_id__in=missing).values_list("event_id", "erased_by")
    )
    said = dict(
        Event.objects.filter(
            id__in=erasures.values(), action="erase", object_type="audit_event"
        ).values_list("id", "object_id")
    )
    return {event for event, by in erasures.items() if said.get(by) == str(event)}


def _check_emptied_partitions(gaps: Sequence[Seal], verdict: Verdict) -> None:
    years = {year for seal in gaps for year in range(seal.first_at.year, seal.last_at.year + 1)}
    for year in sorted(years):
        if not Event.objects.filter(at__year=year).exists():
            verdict.find(
                "partition_emptied", f"no event of {year} is left, though seals cover some"
            )


_STRAYS = """
WITH sealed AS (SELECT unnest(ids) AS id FROM audit_seal),
     known AS (SELECT id FROM sealed UNION ALL SELECT event_id FROM audit_queue)
SELECT 'event_forged', e.id FROM audit_event AS e
 WHERE NOT EXISTS (SELECT FROM known WHERE known.id = e.id)
UNION ALL
SELECT 'event_resealed', id FROM known GROUP BY id HAVING count(*) > 1
UNION ALL
SELECT 'payload_orphaned', p.event_id FROM audit_payload AS p
 WHERE NOT EXISTS (SELECT FROM audit_event AS e WHERE e.id = p.event_id)
"""

_STRAY_WORDS = {
    "event_forged": "event {} is in no seal and not in the queue: it was not written by the trail",
    "event_resealed": "event {} is sealed or queued twice",
    "payload_orphaned": "event {} is gone, though what it recorded is still there",
}


def _check_strays(verdict: Verdict) -> None:
    """Find what no seal can tell of. One statement, so that it sees one state of the tables."""
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(_STRAYS)
        while rows := cursor.fetchmany(BATCH):
            for kind, event_id in rows:
                verdict.find(kind, _STRAY_WORDS[kind].format(event_id), event_id=event_id)


def _check_queue(trail: Trail, verdict: Verdict) -> None:
    """Check what no seal covers yet: it must be there, and its payload must fit."""
    after = 0
    while True:
        with trail.open():
            queued = QueuedEvent.objects.filter(event_id__gt=after).order_by("event_id")
            ids = list(queued.values_list("event_id", flat=True)[:BATCH])
            if not ids:
                return
            found = _events(ids, verdict)
            for event_id in ids:
                if event_id not in found:
                    verdict.find(
                        "event_deleted",
                        f"event {event_id} is gone before it was sealed",
                        event_id=event_id,
                    )
            _check_payloads(found.values(), verdict, seal=None)
        verdict.unsealed += len(ids)
        after = ids[-1]
