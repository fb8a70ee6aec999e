from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from clinical.documents.models import Document, ImageBatch


def test_a_coordinator_finds_no_file_whatever_they_ask(alpha, person, patient) -> None:
    from clinical.patients.models import CoordinatorAssignment
    from tenants.scope import Actor, tenant_scope

    with tenant_scope(alpha):
        participant = patient()
        coordinator = person("coordinator")
        CoordinatorAssignment.objects.create(user=coordinator, patient=participant)
        batch = ImageBatch.objects.create(patient=participant)
        Document.objects.create(patient=participant, batch=batch)
        Document.objects.create()

    with tenant_scope(alpha, actor=Actor(id=str(coordinator.pk), label="c", request_id="")):
        seen = (list(Document.objects.all()), list(ImageBatch.objects.all()))

    assert seen == ([], [])


def test_a_file_of_one_clinic_does_not_exist_in_the_other(alpha, beta) -> None:
    from tenants.scope import tenant_scope

    with tenant_scope(alpha):
        Document.objects.create(title="Referral")
    with tenant_scope(beta):
        seen = list(Document.objects.all())

    assert seen == []


def test_a_stored_document_has_a_key_and_a_checksum(in_alpha) -> None:
    with (
        pytest.raises(IntegrityError, match="documents_document_stored_has_key"),
        transaction.atomic(),
    ):
        Document.objects.create(state="stored")


def test_the_files_of_a_patient_are_found_by_their_index(in_alpha) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    plan = Document.objects.filter(
        patient="018f0000-0000-7000-8000-000000000000", kind="document"
    ).explain()

    assert "documents_patient_kind_dated" in plan
