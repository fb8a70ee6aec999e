"""An erasure leaves nothing of the person but the line in the register, and the seals still verify."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.utils import timezone
from psycopg import sql
from psycopg.types.json import Jsonb

from accounts.models import User
from audit import services as audit
from audit.trails import trail_of
from audit.verification import verify
from clinical.consents.models import ConsentKind
from clinical.decision_support.models import Rule
from clinical.documents.models import Document
from clinical.documents.services import store_file
from clinical.messages.models import Message, OptOut
from clinical.patients.models import ContactPoint, Patient, PatientIdentifier
from clinical.recalls.models import RecallType
from clinical.rights import erasing, services
from clinical.rights.catalogue import read_catalogue
from clinical.rights.erasure import kept_tables
from clinical.rights.finding import tables_about
from clinical.rights.models import Destruction, ErasedRow, Erasure
from clinical.rights.policy import policy_named
from connections.models import InboxEvent
from tenants import jobs
from tenants.models import Job
from tenants.scope import Actor, public_scope, tenant_scope

CANARY = "Zquillxcanary"
PHONE, MAIL, CARD = "0491570006", "zquillxcanary@x.example", "2950000007"
LONG_AGO = datetime(2001, 3, 5, 10, 0, tzinfo=UTC)
AS_IT_MUST = {
    ("invoices_invoicemail", "kind"): "invoice",
    ("appointments_appointment", "video_link"): f"https://video.example/{CANARY}",
    ("measures_patientlink", "expires_at"): LONG_AGO + timedelta(days=99),
    ("notes_note", "cosign"): "",
    ("problems_entryversion", "entry_id"): "019b0000-0000-7000-8000-000000000000",
    ("rights_rightsrequest", "state"): "done",
    ("notices_notice", "url"): "/x",
    ("threads_thread", "task"): "",
    ("threads_thread", "done_at"): None,
}
"""What a constraint asks for, where a value made by type alone would break it."""
BEHIND_TRIGGERS = {"notes_notereview"}
"""What only a supervisor may write."""


def _canary(column, field, size):
    if field is not None and field.choices:
        return next(value for value, _label in field.flatchoices if value != "")
    return CANARY[: size or len(CANARY)]


def _value(table, column, field):
    kind = column.kind
    later = timedelta(
        days=list(table.columns).index(column.name)
    )  # what ends stands after what begins
    if (table.name, column.name) in AS_IT_MUST:
        return AS_IT_MUST[table.name, column.name]
    if kind in {"text", "character varying"}:
        return _canary(column, field, getattr(field, "max_length", None))
    if kind == "jsonb":
        default = field.get_default() if field is not None else {}
        return Jsonb([{CANARY: CANARY}] if isinstance(default, list) else {CANARY: CANARY})
    if kind.endswith("[]"):
        return []
    values = {
        "uuid": None, "boolean": False, "date": (LONG_AGO + later).date(),
        "timestamp with time zone": LONG_AGO + later,
        "smallint": 1, "integer": 1, "bigint": 1, "numeric": 1, "time without time zone": "09:00",
        "inet": None, "bytea": b"x",
    }  # fmt: skip
    return values[kind]


def _fill(raw, tables, found, patient_id, **known):  # noqa: C901 - one walk through the catalogue
    """Put one row full of canaries into every table that can be about the patient, top down."""
    from tenants.ids import uuid7

    columns_of = {
        model._meta.db_table: {f.column: f for f in model._meta.concrete_fields}
        for model in apps.get_models(include_auto_created=True)
    }
    keys, refused = {"patients_patient": str(patient_id), **known}, {}
    waiting = [name for name in found if name not in {"patients_patient", *kept_tables()}]
    for _ in range(6):
        for name in list(waiting):
            table = tables[name]
            needs = [
                target
                for column, target in table.links.items()
                if table.columns[column].is_required or target == "patients_patient"
            ]
            if any(target in waiting and target != name for target in needs):
                continue
            waiting.remove(name)
            row = {}
            for column in table.columns.values():
                field = columns_of.get(name, {}).get(column.name)
                if column.is_generated:
                    continue
                if column.name in table.key:
                    if table.key_kind == "uuid":
                        row[column.name] = keys[name] = str(uuid7())
                    continue
                if column.name in table.links:
                    row[column.name] = keys.get(table.links[column.name])
                    if (name, column.name) == ("patients_duplicatecandidate", "second_id"):
                        row[column.name] = known["stays"]
                    continue
                row[column.name] = _value(table, column, field)
            names = [
                n
                for n, v in row.items()
                if v is not None or not tables[name].columns[n].is_required
            ]
            if not names:
                continue
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING {}::text").format(
                sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.SQL(", ").join(sql.Placeholder() * len(names)), sql.Identifier(table.key_column),
            )  # fmt: skip
            try:
                with raw.transaction():
                    if name in BEHIND_TRIGGERS:
                        raw.execute("SET LOCAL session_replication_role = replica")
                    made = raw.execute(statement, [row[n] for n in names]).fetchone()
                    keys[name] = made[0]
            except psycopg.Error as error:
                refused[name] = str(error).splitlines()[0]
                keys.pop(name, None)
    return keys, refused


@pytest.fixture
def two(committed, alpha, no_worker):
    shutil.rmtree(Path(settings.WORK_DIR) / f"t{alpha.pk}" / "patients", ignore_errors=True)
    with tenant_scope(alpha):
        made = [
            User.objects.create(email=f"{name.lower()}@clinic.example", name=name, role="owner")
            for name in ("Olga", "Pavel")
        ]
    return SimpleNamespace(asks=made[0], approves=made[1])


def _person(clinic):
    with tenant_scope(clinic, actor=Actor(label="Reception")):
        gone = Patient.objects.create(
            given_names="Zebra", family_name=CANARY, date_of_birth=date(1950, 1, 1), notes=CANARY,
            extra={"Old": CANARY}, xero_contact_id=CANARY, coordinator_name=CANARY,
        )  # fmt: skip
        stays = Patient.objects.create(given_names="Ben", family_name="South")
        for kind, value in (("mobile", PHONE), ("email", MAIL)):
            ContactPoint.objects.create(
                patient=gone, kind=kind, value=value, normalised=value, label=CANARY
            )
        PatientIdentifier.objects.create(patient=gone, kind="medicare", value=CARD, normalised=CARD)
        document = Document.objects.create(patient=gone, title=CANARY, file_name="a.txt")
        store_file(document, [f"{CANARY} was here".encode()], actor=None, follow_up=False)
        # What no key leads to: a STOP, an unknown number's text, what a vendor has sent.
        OptOut.objects.create(number=PHONE, way="reply", began_at=LONG_AGO)
        Message.objects.create(
            channel="sms",
            direction="in",
            address=PHONE,
            normalised=PHONE,
            body=CANARY,
            state="received",
        )
        InboxEvent.objects.create(
            provider="twilio",
            external_id="1",
            kind="sms",
            body=f"From={PHONE}",
            received_at=LONG_AGO,
        )
        # What went long ago stands in the trail alone.
        ContactPoint.objects.create(patient=gone, kind="other", value=CANARY).delete()
        Patient.everyone.filter(pk=gone.pk).update(created_at=LONG_AGO, alerts=f"{CANARY} 2")
    return gone, stays


def _bill(clinic, patient):
    from billing_integrations.invoices import services as billing
    from billing_integrations.invoices.payers import Payer

    with tenant_scope(clinic):
        draft = billing.draft_invoice(
            patient, actor=None, payer=Payer(), charges=[billing.Charge(f"Talk with {CANARY}", 100)]
        )
        bill = billing.issue_invoice(draft, actor=None, on=date(2002, 1, 1))
        billing.record_payment(bill, 100, on=date(2002, 1, 2), method="cash")
    return bill


def _import_of(raw, patient_id):
    """Put what an import keeps of the person into its tables."""
    from tenants.ids import uuid7

    def insert(table, **row):
        row = {"id": str(uuid7()), **row}
        raw.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            list(row.values()),
        )  # fmt: skip
        return row["id"]

    text = Jsonb({"Name": CANARY, "Phone": PHONE})
    source = insert(
        "imports_importsource", key="k", file_name="a.fmp12", storage_key="", size=1, received=1,
        sha256="", state="discarded", problem="", fingerprint="", structure=Jsonb({}),
        profile=Jsonb({}), warnings=Jsonb([]), uploaded_by="", created_at=LONG_AGO,
        choices=Jsonb({}), kind="fmp12",
    )  # fmt: skip
    run = insert(
        "imports_importrun", state="loaded", failed_in="", error="", dry_report=Jsonb({}),
        report=Jsonb({}), undo_report=Jsonb({}), started_by="", created_at=LONG_AGO,
        source_id=source, by_hand="keep", mode="update", snapshot=Jsonb({}), stops_at_gaps=False,
    )  # fmt: skip
    insert(
        "imports_importlink", source_key="k", table_id=1, record_id=7, target_type="patient",
        target_id=str(patient_id), payload_hash="h", rule_hash="r", modification_count=1, raw=text,
        run_id=run,
    )  # fmt: skip
    insert("imports_rowchange", table_id=1, record_id=7, target_type="patient",
           target_id=str(patient_id), action="created", after=text, run_id=run)  # fmt: skip
    insert("imports_rowresult", dry=False, table_id=1, record_id=7, outcome="quarantined", reason="",
           issues=Jsonb([]), raw=text, run_id=run, is_mended=False)  # fmt: skip
    insert("imports_stagedrecord", table_id=1, record_id=7, modification_count=1, payload=text,
           payload_hash="h", source_id=source)  # fmt: skip


def _where(superuser, clinic, *words):
    """Answer every table and file of the clinic in which one of the words stands."""
    tables = superuser.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename !~ '_20[0-9]+$'",
        [clinic.schema_name],
    ).fetchall()
    found = {}
    for (table,) in tables:
        rows = superuser.execute(
            sql.SQL("SELECT count(*) FROM {} t WHERE t::text ~* %s").format(
                sql.Identifier(clinic.schema_name, table)
            ),
            ["|".join(words)],
        ).fetchone()
        if rows[0]:
            found[table] = rows[0]
    folder = Path(settings.WORK_DIR) / f"t{clinic.pk}"
    files = [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in words)
    ]
    return found, files


def _sealed(clinic):
    audit.seal(trail_of(clinic))
    verdict = verify(trail_of(clinic))
    assert verdict.counts == {}
    return verdict


def _ordered(clinic, two, *patients, basis="retention"):
    with tenant_scope(clinic):
        order = services.ask_for_erasure(
            patients, actor=two.asks, at=timezone.now(), policy=policy_named("AU"), basis=basis,
            reason="No longer needed",
        )  # fmt: skip
    with tenant_scope(clinic):
        services.approve_erasure(order, actor=two.approves, at=timezone.now(), tenant=clinic)
    with public_scope(using="owner"):
        return order, Job.objects.get(kind="rights_erase")


def test_no_trace_of_a_canary_is_left_and_the_seals_verify(two, alpha, superuser):
    gone, stays = _person(alpha)
    bill = _bill(alpha, gone)
    with tenant_scope(alpha):
        tables = read_catalogue()
        found = tables_about(tables)
        known = {
            "accounts_user": str(two.asks.pk),
            "stays": str(stays.pk),
            "consents_consentkind": str(ConsentKind.objects.first().pk),
            "recalls_recalltype": str(RecallType.objects.create(name="Check").pk),
            "decision_support_rule": str(Rule.objects.create(name="r", text="", conditions=[]).pk),
        }
    superuser.execute(f"SET search_path = {alpha.schema_name}, ext")
    superuser.execute(f"SET rls.tenant_id = '{alpha.pk}'")
    _keys, refused = _fill(superuser, tables, found, gone.pk, **known)
    _import_of(superuser, gone.pk)
    superuser.execute("SET search_path = public")
    assert refused == {}, "\n".join(f"{a}: {b}" for a, b in refused.items())
    before, files = _where(superuser, alpha, CANARY, PHONE, MAIL, CARD)
    filled = set(found) - set(kept_tables()) - {name for name in found if name not in before}
    assert len(filled) > 45
    assert files
    sealed = _sealed(alpha)

    order, job = _ordered(alpha, two, gone)
    done = jobs.run(job.pk)

    assert (done.state, done.problem) == (Job.State.DONE, "")
    with tenant_scope(alpha):
        assert Erasure.objects.get(pk=order.pk).skipped == []
    after, files = _where(superuser, alpha, CANARY, PHONE, MAIL, CARD)
    assert (after, files) == ({}, [])
    with tenant_scope(alpha):
        line = Destruction.objects.get()
        assert (line.name, line.left, line.counts["notes_note"]) == ("Z.Z.", [], 1)
        assert not ErasedRow.objects.exists()
        assert Patient.everyone.filter(pk=stays.pk).exists()
        stub = Patient.everyone.get(pk=gone.pk)
        assert (stub.full_name, stub.archive_reason) == (f"Patient {gone.number}", "Erased")
        kept = type(bill).objects.get(pk=bill.pk)
        assert (kept.total_cents, kept.payer_name) == (100, "Z.Z.")
        assert [one.description for one in kept.lines.all()] == ["Service"]
    verdict = _sealed(alpha)
    assert verdict.erased > sealed.events / 4


def test_a_worker_that_dies_is_followed_by_one_that_goes_on(two, alpha, monkeypatch, superuser):
    gone, _stays = _person(alpha)
    order, job = _ordered(alpha, two, gone)

    def die(*_args):
        raise KeyboardInterrupt

    for name in ("_erase_history", "_finish_person"):
        with monkeypatch.context() as patch:
            patch.setattr(erasing, name, die)
            with pytest.raises(KeyboardInterrupt):
                jobs.run(job.pk)
        with public_scope(using="owner"):
            Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))

    done = jobs.run(job.pk)

    assert (done.state, done.attempts) == (Job.State.DONE, 3)
    assert _where(superuser, alpha, CANARY, PHONE, MAIL, CARD) == ({}, [])
    with tenant_scope(alpha):
        assert Destruction.objects.count() == 1
        assert Erasure.objects.get(pk=order.pk).people == []
    _sealed(alpha)


def test_one_person_alone_erases_nothing(two, alpha):
    gone, _stays = _person(alpha)
    with tenant_scope(alpha):
        order = services.ask_for_erasure(
            [gone], actor=two.asks, at=timezone.now(), policy=policy_named("AU"),
            basis="retention", reason="old",
        )  # fmt: skip
        with pytest.raises(services.RightsError, match="second person"):
            services.approve_erasure(order, actor=two.asks, at=timezone.now(), tenant=alpha)
        # A row that says it is approved, by the same person, is none: the database refuses it.
        from django.db import IntegrityError, transaction

        with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
            Erasure.objects.filter(pk=order.pk).update(
                state="approved", decided_by_id=order.asked_by_id
            )
        jobs.ask("rights_erase", alpha, asked_by="Olga", asked_from="clinic", erasure=str(order.pk))
    with public_scope(using="owner"):
        job = Job.objects.get()

    assert jobs.run(job.pk).problem == "This erasure is not approved."
    with tenant_scope(alpha):
        assert Patient.objects.filter(pk=gone.pk).exists()


def test_a_hold_placed_after_the_approval_still_holds(two, alpha):
    gone, _stays = _person(alpha)
    order, job = _ordered(alpha, two, gone)
    with tenant_scope(alpha):
        services.place_hold(gone, actor=two.asks, at=timezone.now(), why="A subpoena")

    jobs.run(job.pk)

    with tenant_scope(alpha):
        assert Erasure.objects.get(pk=order.pk).skipped == [
            {"number": gone.number, "why": "A legal hold stands: A subpoena"}
        ]
        assert Patient.objects.get(pk=gone.pk).full_name == f"Zebra {CANARY}"


def test_the_web_role_cannot_reduce_an_invoice_by_saying_so(two, alpha):
    from django.db import DatabaseError, connection, transaction

    gone, _stays = _person(alpha)
    bill = _bill(alpha, gone)
    with tenant_scope(alpha):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('nexus.erasing', 'on', true)")
        mine = type(bill).objects.filter(pk=bill.pk)
        with pytest.raises(DatabaseError, match="not changed"), transaction.atomic():
            mine.update(payer_name="x")
