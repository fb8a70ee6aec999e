"""5,000 reminders and 1,000 invoices through the outbox, beside sending one by one in the same run.

The reminders are planned as the scheduler plans them and delivered by the relay to a vendor that takes
20 ms for each and counts what it gets. One by one means what a loop would do: hand one over, write its
answer down, take the next. What counts is the ratio, and that nothing is lost and nothing comes twice.

Usage: python benchmarks/outbox.py [reminders] [invoices] [one by one]
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from benchmarks.stage import as_superuser, new_clinic, stage  # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tenants.models import Tenant

LATENCY = 0.02
VENDOR, COUNTS = "vendor", "/counts"


def main(reminders: int = 5_000, invoices: int = 1_000, alone: int = 500) -> None:
    with _vendor() as port, stage() as servers:
        clinic = new_clinic("Crowded")
        with as_superuser(servers, clinic) as raw:
            _gather(raw, clinic, reminders + alone)
        _set_up(port)
        with as_superuser(servers, clinic) as raw:
            _connect(raw, clinic)
            single = _one_by_one(clinic, port, alone)
            started = time.perf_counter()
            planned = _plan(clinic)
            print(f"{planned:,} reminders planned in {time.perf_counter() - started:.1f} s")
            _put_invoices(clinic, invoices)
            rate = _deliver(clinic, planned + invoices)
        print(f"one by one: {single:.0f} a second; ratio {rate / single:.1f}")
        _settle_up(port, expected=alone + planned + invoices)


# ── the clinic ───────────────────────────────────────────────────────────────────────────────────


def _gather(raw: psycopg.Connection[Any], clinic: Tenant, count: int) -> None:
    """Put patients with a mobile into the clinic, all with a visit that is due to be reminded of."""
    from benchmarks.crowd import gather

    gather(raw, clinic.schema_name, count=count)
    raw.execute("SET session_replication_role = replica")
    raw.execute(
        "UPDATE patients_contactpoint c SET normalised = '0412' || lpad(p.number::text, 6, '0') "
        "FROM patients_patient p WHERE p.id = c.patient_id"
    )
    start = datetime.now(UTC) + timedelta(days=2, minutes=-10)
    raw.execute(
        "UPDATE appointments_appointment SET starts_at = %s, ends_at = %s, created_at = %s",
        [start, start + timedelta(minutes=30), start - timedelta(days=30)],
    )
    raw.execute("SET session_replication_role = DEFAULT")


def _connect(_raw: psycopg.Connection[Any], clinic: Tenant) -> None:
    """Let the clinic have an SMS account, words, and a rule that speaks at any hour."""
    from clinical.messages.models import MessageTemplate, ReminderRule, TextSettings
    from connections.models import Connection
    from connections.providers import Trade, providers
    from tenants.scope import tenant_scope

    with tenant_scope(clinic):
        key = next(one.key for one in providers() if one.trade is Trade.SMS)
        Connection.objects.create(provider=key, state="live", account_name="Bench")
        TextSettings.objects.create(quiet_from="00:00", quiet_until="00:00")
        words = MessageTemplate.objects.create(
            name="Two days", body="Hi {{first_name}}, see you on {{day}} at {{time}}. {{confirm}}"
        )
        ReminderRule.objects.create(
            template=words,
            window_from="00:00",
            window_until="23:59",
            is_on=True,
            on_since=datetime.now(UTC) - timedelta(days=30),
        )


def _plan(clinic: Tenant) -> int:
    from clinical.messages.planning import plan_due
    from tenants.scope import tenant_scope

    with tenant_scope(clinic):
        return plan_due(datetime.now(UTC))


def _put_invoices(clinic: Tenant, count: int) -> None:
    """Write entries as an invoice that is issued writes one: each in a lane of its own."""
    from clinical.patients.models import Patient
    from connections import outbox
    from tenants.scope import tenant_scope

    with tenant_scope(clinic):
        for patient in Patient.objects.order_by("number")[:count]:
            key = f"bench.invoice:{patient.pk}"
            outbox.put("bench.invoice", patient, key=key, lane=f"invoice:{patient.pk}")


# ── sending ──────────────────────────────────────────────────────────────────────────────────────


def _set_up(port: int) -> None:
    """Deliver both kinds to the vendor of this run, by the platform's own means."""
    import httpx2

    from clinical.messages.sending import note_taken, text_to_send
    from connections import outbox
    from ports.sms import SmsAnswer

    client = httpx2.Client(base_url=f"http://127.0.0.1:{port}")

    @dataclass
    class Delivery:
        is_text: bool

        def provider_of(self, entry: Any) -> str:  # noqa: ARG002 - the protocol's
            return ""

        def prepare(self, entry: Any) -> dict[str, str]:
            if not self.is_text:
                return {"reference": str(entry.pk)}
            sms = text_to_send(entry.subject_id)
            return {"reference": sms.reference, "to": sms.to, "body": sms.body}

        def send(
            self,
            entry: Any,  # noqa: ARG002 - the protocol's
            prepared: dict[str, str],
            opened: Any,  # noqa: ARG002
        ) -> outbox.Answer:
            answer = client.post("/", json=prepared)
            answer.raise_for_status()
            return outbox.Answer(answer.json()["id"])

        def settle(self, entry: Any, answer: outbox.Answer) -> None:
            if self.is_text:
                taken = SmsAnswer(answer.vendor_id, segments=1)
                note_taken(entry.subject_id, provider="bench", answer=taken)

        def failed(self, entry: Any, error: Exception) -> None:  # noqa: ARG002
            print(f"refused: {error}")

    outbox.delivers("sms.message", Delivery(is_text=True), repeats=False, label="Text")
    outbox.delivers("bench.invoice", Delivery(is_text=False), repeats=True, label="Invoice")


def _one_by_one(clinic: Tenant, port: int, count: int) -> float:
    """Send some as a loop would, each answer written down before the next; answers the rate."""
    import httpx2

    from clinical.messages.models import Message
    from clinical.patients.models import Patient
    from tenants.scope import tenant_scope

    with tenant_scope(clinic):
        last = list(Patient.objects.order_by("-number")[:count])
        rows = [
            Message(patient=one, body="See you", normalised=f"0412{one.number:06}") for one in last
        ]
        Message.objects.bulk_create(rows)
    with tenant_scope(clinic):
        from clinical.appointments.models import Appointment

        Appointment.objects.filter(patient__in=last).update(status="cancelled")
    started = time.perf_counter()
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for row in rows:
            answer = client.post("/", json={"reference": str(row.pk)}).json()
            with tenant_scope(clinic):
                Message.objects.filter(pk=row.pk).update(state="sent", vendor_id=answer["id"])
    return count / (time.perf_counter() - started)


def _deliver(clinic: Tenant, count: int) -> float:
    from connections import relay

    started = time.perf_counter()
    done = relay.deliver_due(clinic)
    seconds = time.perf_counter() - started
    rate = done / seconds
    print(f"{done:,} of {count:,} delivered by one worker in {seconds:.1f} s: {rate:.0f} a second")
    return rate


def _settle_up(port: int, *, expected: int) -> None:
    """Ask the vendor what it got, and say what was lost or came twice; neither may happen."""
    import httpx2

    said = httpx2.get(f"http://127.0.0.1:{port}{COUNTS}").json()
    lost, doubles = expected - said["different"], said["all"] - said["different"]
    print(f"the vendor has {said['different']:,} of {expected:,}: lost {lost}, twice {doubles}")
    if lost or doubles:
        sys.exit(1)


# ── the vendor ───────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _vendor() -> Iterator[int]:
    """Run the vendor as a process of its own, so that it takes nothing of this one's time."""
    process = subprocess.Popen(
        [sys.executable, __file__, VENDOR], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=10)


async def _serve() -> None:
    taken: Counter[str] = Counter()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                sizes = [
                    int(line.partition(":")[2])
                    for line in head.splitlines()
                    if line.lower().startswith("content-length:")
                ]
                body = await reader.readexactly(sizes[0] if sizes else 0)
                if head.startswith(f"GET {COUNTS}"):
                    said: dict[str, Any] = {"different": len(taken), "all": taken.total()}
                else:
                    await asyncio.sleep(LATENCY)
                    reference = json.loads(body)["reference"]
                    taken[reference] += 1
                    said = {"id": f"V{reference}"}
                answer = json.dumps(said).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                    + str(len(answer)).encode()
                    + b"\r\n\r\n"
                    + answer
                )
                await writer.drain()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:2] == [VENDOR]:
        asyncio.run(_serve())
    else:
        main(*(int(word) for word in sys.argv[1:]))
