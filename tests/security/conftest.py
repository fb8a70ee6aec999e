"""The intruder's tools: a raw connection as the web's role, and a neighbour with something to steal."""

from __future__ import annotations

import os
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.conf import settings

from tests.conftest import _url

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "Zebedee-Quillfeather"
"""A name that stands nowhere but in the neighbour's records."""
PATIENT, NOTE = f"{SECRET}-Patient", f"{SECRET}-Note"


@pytest.fixture(autouse=True)
def _no_earlier_tries():
    """Forget what was counted against this address before."""
    import redis

    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()


class Intruder:
    """Arbitrary SQL as one database role, each statement in a transaction that is rolled back."""

    def __init__(self, raw: psycopg.Connection[Any], clinic: Any = None) -> None:
        self.raw, self.clinic = raw, clinic

    def ask(self, *statements: Any) -> list[tuple[Any, ...]]:
        """Run the statements in one transaction, in the clinic's scope; answers the last one's rows."""
        with self.raw.transaction(force_rollback=True):
            if self.clinic is not None:
                self.enter(self.clinic)
            cursor = None
            for statement in statements:
                cursor = self.raw.execute(statement)
            return cursor.fetchall() if cursor is not None and cursor.description else []

    def enter(self, clinic: Any) -> None:
        """Say what the scope says at the start of its transaction."""
        self.raw.execute(
            "SELECT set_config('search_path', %s, true), set_config('rls.tenant_id', %s, true)",
            [f"{clinic.schema_name}, ext", str(clinic.pk)],
        )


@contextmanager
def _connected(role: str) -> Iterator[psycopg.Connection[Any]]:
    name = settings.DATABASES["default"]["NAME"]
    url = _url(os.environ["DATABASE_ADMIN_URL"], role, name)
    with psycopg.connect(url, autocommit=True) as raw:
        yield raw


@pytest.fixture
def as_app(alpha):
    """SQL as nexus_app inside alpha's scope."""
    with _connected("nexus_app") as raw:
        yield Intruder(raw, alpha)


@pytest.fixture
def as_platform(alpha):
    """SQL as nexus_platform in the operators' scope."""
    with _connected("nexus_platform") as raw:
        raw.execute("SELECT set_config('rls.tenant_id', '0', false)")
        yield Intruder(raw)


@pytest.fixture
def another_app():
    """A second session of the web's role, as another worker process has one."""
    with _connected("nexus_app") as raw:
        yield Intruder(raw)


@pytest.fixture
def treasure(committed, beta, superuser):
    """Beta's patient, committed, so that every session could see it if no wall stood."""
    from clinical.patients.models import Patient
    from clinical.practice.models import Location
    from tenants.scope import tenant_scope

    with tenant_scope(beta):
        place = Location.objects.create(name=f"{SECRET} House")
        patient = Patient.objects.create(given_names="Zed", family_name=SECRET, location=place)
    # Without a row to be found, every test that finds none would pass.
    counted = superuser.execute(f"SELECT count(*) FROM {beta.schema_name}.patients_patient")
    assert counted.fetchone() == (1,)
    return SimpleNamespace(patient=patient, location=place, schema=beta.schema_name)


@pytest.fixture
def belongings():
    """Make one of everything a route may name in a clinic: `belongings(beta)["patient"]`."""
    return _make_one_of_everything


def _make_one_of_everything(clinic: Any, name: str = SECRET) -> dict[str, Any]:
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import Session, User
    from clinical.appointments.models import Appointment
    from clinical.documents.models import Document, ImageBatch, Upload
    from clinical.patients.models import (
        ContactPoint,
        DuplicateCandidate,
        Patient,
        PatientMerge,
    )
    from clinical.practice.models import AppointmentType, FundingType, Location, Practitioner
    from onboarding.imports.connection.models import FileMakerConnection
    from onboarding.imports.models import ImportRun, ImportSource
    from tenants.scope import tenant_scope

    now = timezone.now()
    with tenant_scope(clinic):
        user = User.objects.create(
            name=name, email=f"x.{clinic.subdomain}@staff.example", role="clinician"
        )
        invited = User.objects.create(
            name=name, email=f"i.{clinic.subdomain}@staff.example", role="reception", invited_at=now
        )
        session = Session.objects.create(
            key_digest="0" * 64,
            user=user,
            data="",
            user_agent=name,
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(hours=1),
        )
        location = Location.objects.create(name=f"{name} House", address=name)
        practitioner = Practitioner.objects.create(name=name, user=user)
        kind = AppointmentType.objects.create(name=name, duration_minutes=30)
        funding = FundingType.objects.create(name=name)
        patient = Patient.objects.create(
            given_names="Zed", family_name=f"{name}-Patient", location=location, funding_type=funding,
            notes=f"{name}-Note", extra={name: f"{name}-Note"},
        )  # fmt: skip
        contact = ContactPoint.objects.create(patient=patient, kind="mobile", value="0400 111 222")
        twin = Patient.objects.create(given_names="Zed", family_name=f"{name}-Patient")
        pair = DuplicateCandidate.objects.create(first=patient, second=twin)
        merge = PatientMerge.objects.create(
            winner=patient, loser=twin, merged_at=now, undone_at=now, merged_by=name
        )
        appointment = Appointment.objects.create(
            patient=patient, location=location, practitioner=practitioner, appointment_type=kind,
            starts_at=now, ends_at=now + timedelta(minutes=30), notes=f"{name}-Note",
            extra={name: f"{name}-Note"},
        )  # fmt: skip
        source = ImportSource.objects.create(
            file_name=f"{name}.fmp12", storage_key="imports/none.part", size=4096, uploaded_by=name
        )
        run = ImportRun.objects.create(source=source, started_by=name)
        batch = ImageBatch.objects.create(patient=patient, name=name)
        document = Document.objects.create(patient=patient, batch=batch, title=f"{name}-Note")
        upload = Upload.objects.create(
            patient=patient, file_name=name, size=8, started_by=str(user.pk)
        )
        record = _make_record(patient, name, now)
        record |= _make_team(patient, user, name, now)
        record |= _make_care(patient, name, now)
        record |= _make_health(patient, name, now)
        record |= _make_claims(name, now)
        record |= _make_bills(patient, name, now)
        record |= _make_rights(patient, user, name, now)
        server = FileMakerConnection.objects.create(
            host="fms.example", database=name, account=name, sealed_password=f"nx1.{name}"
        )
    return {
        "user": user, "invited": invited, "session": session, "location": location,
        "practitioner": practitioner, "appointment_type": kind, "funding_type": funding,
        "patient": patient, "contact": contact, "appointment": appointment, **record,
        "import_source": source, "import_run": run,
        "batch": batch, "document": document, "upload": upload,
        "filemaker_connection": server, "pair": pair, "merge": merge,
    }  # fmt: skip


def _make_team(patient: Any, user: Any, name: str, now: Any) -> dict[str, Any]:
    """Make what the team has of its own: threads, recalls, notices, reports."""
    from clinical.notices.models import Notice, PushSubscription
    from clinical.recalls.models import Recall, RecallType
    from clinical.reports.models import ReportFile, SavedReport
    from clinical.threads.models import Attachment, Participant, Post, Thread

    secret = f"{name}-Note"
    thread = Thread.objects.create(
        patient=patient, subject=secret, author=user, created_at=now, last_post_at=now
    )
    Participant.objects.create(thread=thread, user=user, unread_since=now)
    post = Post.objects.create(
        thread=thread, author=user, author_name=name, body=secret, created_at=now
    )
    kind = RecallType.objects.create(name=name)
    return {
        "thread": thread,
        "post": post,
        "attachment": Attachment.objects.create(
            post=post, file_name=secret, media_type="text/plain", size=1, sha256="0" * 64,
            storage_key="threads/none.txt", scan="clean", created_at=now,
        ),
        "recall_type": kind,
        "recall": Recall.objects.create(
            patient=patient, kind=kind, due_on=now.date(), note=secret, created_at=now
        ),
        "notice": Notice.objects.create(
            user=user, key="x", text=secret, url="/", patient=patient, created_at=now
        ),
        "push": PushSubscription.objects.create(
            user=user, endpoint=f"https://push.example/{name}", public_key="x", auth_secret="x",
            created_at=now,
        ),
        "saved_report": SavedReport.objects.create(user=user, name=secret, created_at=now),
        "report_file": ReportFile.objects.create(
            user=user, format="pdf", first=now.date(), last=now.date(), words=secret,
            created_at=now,
        ),
    }  # fmt: skip


def _make_care(patient: Any, name: str, now: Any) -> dict[str, Any]:
    """Make what stands at the head of a record: a referral, a plan, a consent."""
    from datetime import timedelta

    from clinical.consents.models import Consent, ConsentKind
    from clinical.funding.models import NdisPlan
    from clinical.referrals.models import Referral

    asked = ConsentKind.objects.create(key=f"x{now:%f}", name=name, text=f"{name}-Note")
    said = Consent.objects.create(
        patient=patient, kind=asked, answer="given", answered_on=now.date(), note=f"{name}-Note"
    )
    plan = NdisPlan.objects.create(
        patient=patient, starts_on=now.date(), ends_on=(now + timedelta(days=9)).date(), goals=name
    )
    referral = Referral.objects.create(
        patient=patient, kind="gp", referred_on=now.date(), reason=f"{name}-Note"
    )
    return {"consent_kind": asked, "consent": said, "ndis_plan": plan, "referral": referral}


def _make_rights(patient: Any, user: Any, name: str, now: Any) -> dict[str, Any]:
    """Make what stands of people's rights: requests, holds, copies, an erasure, a breach, an extract."""
    from clinical.rights import models

    secret, today = f"{name}-Note", now.date()
    return {
        "rights_request": models.RightsRequest.objects.create(
            patient=patient, kind="access", asked_on=today, due_on=today, words=secret
        ),
        "restriction": models.Restriction.objects.create(
            patient=patient, uses=["research"], reason=secret, began_at=now
        ),
        "hold": models.LegalHold.objects.create(patient=patient, why=secret, placed_at=now),
        "copy": models.PersonExport.objects.create(
            patient=patient, state="ready", storage_key="rights/copies/none.zip", asked_by=name
        ),
        "erasure": models.Erasure.objects.create(
            basis="request",
            reason=secret,
            people=[patient.pk],
            asked_by=name,
            asked_by_id=str(user.pk),
            asked_at=now,
        ),
        "breach": models.Breach.objects.create(title=secret, found_on=today, due_on=today),
        "extract": models.ResearchExtract.objects.create(
            purpose=secret, fields=["sex"], k=5, state="ready", storage_key="rights/x/none.zip"
        ),
    }


def _make_claims(name: str, now: Any) -> dict[str, Any]:
    """Make what stands of claims to the NDIA: price limits, a request, an answer."""
    from billing_integrations.ndis.models import ClaimBatch, PriceList, ResultsFile

    return {
        "price_list": PriceList.objects.create(
            file_name=f"{name}.csv", valid_from=now.date(), loaded_by=name, loaded_at=now
        ),
        "claim_batch": ClaimBatch.objects.create(
            serial=1, file_name="ndis-000001.csv", content=name, rows_count=1, total_cents=1,
            created_by=name, created_at=now,
        ),
        "results_file": ResultsFile.objects.create(
            file_name=f"{name}.csv", loaded_by=name, loaded_at=now
        ),
    }  # fmt: skip


def _make_bills(patient: Any, name: str, now: Any) -> dict[str, Any]:
    """Make what stands of money: an item and its rules, an invoice, a payment, a credit note, a mail."""
    from billing_integrations.invoices import models, services
    from billing_integrations.invoices.payers import Payer
    from clinical.practice.models import AppointmentType

    item = models.PriceItem.objects.create(code=name, name=f"{name}-Note")
    kind = AppointmentType.objects.create(name=f"{name} visit")
    charge = services.Charge(f"{name}-Note", 100, item=item)
    draft = services.draft_invoice(patient, actor=None, payer=Payer(), charges=[charge])
    bill = services.issue_invoice(draft, actor=None)
    payment = services.record_payment(bill, 150, on=now.date(), method="cash")
    line = bill.lines.get()
    note = services.credit_invoice(bill, {line.pk: 50}, actor=None, reason=name, on=now.date())
    return {
        "price_item": item,
        "type_item": models.ItemForType.objects.create(appointment_type=kind, item=item),
        "fee": models.CancellationRule.objects.create(applies_to="cancelled"),
        "payer": models.DefaultPayer.objects.create(patient=patient, payer_kind="patient"),
        "bill": bill,
        "payment": payment,
        "credit_note": note,
        "share": bill.allocations.get(),
        "refund": services.refund(payment, 10, actor=None, on=now.date(), method="cash"),
        "bill_batch": models.InvoiceBatch.objects.create(asked_by=name),
        "bill_mail": models.InvoiceMail.objects.create(
            kind="invoice", invoice=bill, address=f"{name}@x.example", state="failed"
        ),
    }


def _make_health(patient: Any, name: str, now: Any) -> dict[str, Any]:
    """Make what is kept about a patient's health: lists, a plan, a result, a reminder."""
    from clinical.decision_support.models import Prompt, Rule
    from clinical.pathology.models import ResultMessage, ResultReport
    from clinical.plans.models import Plan, PlanGoal, PlanTemplate
    from clinical.problems.models import Allergy, CodeList, Medication, Problem

    secret = f"{name}-Note"
    plan = Plan.objects.create(
        patient=patient, title=secret, state="active", starts_on=now.date(), review_on=now.date()
    )
    message = ResultMessage.objects.create(
        source="hl7", sender=name, control_id="1", sha256="0" * 64, person_name=secret,
        patient=patient, received_at=now,
    )  # fmt: skip
    rule = Rule.objects.create(
        name=secret, text=secret, conditions=[{"kind": "older", "number": 0}], roles=["owner"],
        is_active=True,
    )  # fmt: skip
    return {
        "problem": Problem.objects.create(patient=patient, name=secret, changed_at=now),
        "allergy": Allergy.objects.create(
            patient=patient, substance=secret, severity="severe", changed_at=now
        ),
        "medication": Medication.objects.create(patient=patient, name=secret, changed_at=now),
        "code_list": CodeList.objects.create(name=name, loaded_at=now),
        "plan_template": PlanTemplate.objects.create(name=name),
        "plan": plan,
        "goal": PlanGoal.objects.create(plan=plan, text=secret),
        "result_message": message,
        "result_report": ResultReport.objects.create(message=message, patient=patient, name=secret),
        "rule": rule,
        "prompt": Prompt.objects.create(
            rule=rule, patient=patient, because=[secret], opened_at=now, checked_at=now
        ),
    }


def _make_record(patient: Any, name: str, now: Any) -> dict[str, Any]:
    """Make what stands in the patient's record: people, notes, letters, messages, invoices."""
    from datetime import timedelta

    from billing_integrations.invoices.models import PastInvoice
    from clinical.contacts.models import Contact, PatientContact
    from clinical.letters.models import Letter, LetterMail, LetterTemplate
    from clinical.measures.models import Assessment, PatientLink, Repeat
    from clinical.messages.models import Message, Reminder
    from clinical.notes.models import Note, NoteTemplate
    from tenants.ids import uuid7

    secret = f"{name}-Note"
    book_contact = Contact.objects.create(name=name, notes=secret)
    letter = Letter.objects.create(patient=patient, subject=secret, body=secret)
    message = Message.objects.create(patient=patient, body=secret, sent_at=now)
    return {
        "book_contact": book_contact,
        "person_around": PatientContact.objects.create(
            patient=patient, contact=book_contact, notes=secret
        ),
        "note": Note.objects.create(patient=patient, title=secret, body=secret, noted_at=now),
        "signed_note": Note.objects.create(
            patient=patient, title=secret, body=secret, noted_at=now, state="signed"
        ),
        "assessment": Assessment.objects.create(
            patient=patient,
            code="phq-9",
            instrument_version="1",
            score=9,
            taken_on=now.date(),
            state="complete",
            completed_at=now,
            note=secret,
        ),
        "assessment_draft": Assessment.objects.create(
            patient=patient, code="phq-9", instrument_version="1", taken_on=now.date(), note=secret
        ),
        "measure_repeat": Repeat.objects.create(
            patient=patient,
            code="phq-9",
            rhythm="visit",
            until=now.date(),
            created_by_name=secret,
        ),
        "measure_link": PatientLink.objects.create(
            patient=patient,
            code="phq-9",
            instrument_version="1",
            token_digest=uuid7().hex,
            created_by_name=secret,
            expires_at=now + timedelta(days=7),
        ),
        "note_template": NoteTemplate.objects.create(name=name, purpose=secret),
        "letter": letter,
        "letter_mail": LetterMail.objects.create(
            letter=letter, message=message, name=name, address=secret, asked_at=now, changed_at=now
        ),
        "letter_template": LetterTemplate.objects.create(name=name, body=secret),
        "message": message,
        "reminder": Reminder.objects.create(patient=patient, body=secret, due_at=now),
        "past_invoice": PastInvoice.objects.create(patient=patient, number=secret, payer=name),
    }
