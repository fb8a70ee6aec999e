"""Several at once: the same bytes for several documents, several bytes for one document."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from clinical.documents.models import Document
from clinical.documents.services import store_file
from clinical.patients.models import Patient
from tenants.scope import tenant_scope
from tenants.storage import work_dir

pytestmark = pytest.mark.usefixtures("committed")


def _store(clinic, pk, content: bytes) -> None:
    try:
        with tenant_scope(clinic):
            document = Document.objects.get(pk=pk)
            store_file(document, [content[:7], content[7:]], actor=None, follow_up=False)
    finally:
        connection.close()


def _at_once(clinic, wanted) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(_store, clinic, pk, content) for pk, content in wanted]:
            done.result()


def test_the_same_bytes_for_several_documents_lie_in_one_place(alpha, pdf) -> None:
    with tenant_scope(alpha):
        patient = Patient.objects.create(family_name="North")
        ids = [Document.objects.create(patient=patient, file_name="a.pdf").pk for _ in range(8)]

    _at_once(alpha, [(pk, pdf) for pk in ids])

    with tenant_scope(alpha):
        keys = set(Document.objects.values_list("state", "storage_key"))
        folder = Path(default_storage.path(f"patients/{patient.pk}"))
        assert [path.read_bytes() for path in folder.iterdir()] == [pdf]
        assert list(work_dir("receiving").iterdir()) == []
    assert len(keys) == 1
    assert next(iter(keys))[0] == "stored"


def test_several_bytes_for_one_document_leave_one_of_them_whole(alpha, pdf) -> None:
    with tenant_scope(alpha):
        document = Document.objects.create(file_name="a.pdf")
    versions = [pdf + bytes([n]) for n in range(6)]

    _at_once(alpha, [(document.pk, content) for content in versions])

    with tenant_scope(alpha):
        document.refresh_from_db()
        kept = Path(default_storage.path(document.storage_key)).read_bytes()
    assert kept in versions
    assert (document.sha256, document.size) == (hashlib.sha256(kept).hexdigest(), len(kept))
