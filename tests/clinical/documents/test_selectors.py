from __future__ import annotations

from pathlib import Path

from django.core.files.storage import default_storage

from clinical.documents.leftovers import discard_old_uploads, path_of
from clinical.documents.models import Document, Upload
from clinical.documents.selectors import missing_files
from clinical.documents.services import orphans, store_file


def test_the_file_of_a_deleted_document_stays_and_is_named(in_alpha, document, pdf, person):
    actor = person("clinician")
    gone, kept = document(), document("other.pdf")
    for row in (gone, kept):
        store_file(row, [pdf, row.file_name.encode()], actor=actor)

    key = gone.storage_key
    gone.delete()

    assert default_storage.exists(key)
    assert key in list(orphans())
    assert kept.storage_key not in list(orphans())


def test_a_file_that_is_gone_or_cut_short_is_found(in_alpha, document, pdf, person) -> None:
    actor = person("clinician")
    whole, cut, gone = (document(f"{n}.pdf") for n in range(3))
    for row in (whole, cut, gone):
        store_file(row, [pdf, row.file_name.encode()], actor=actor)
    Path(default_storage.path(cut.storage_key)).write_bytes(b"%PDF")
    Path(default_storage.path(gone.storage_key)).unlink()

    assert list(missing_files()) == [cut, gone]


def test_an_upload_that_nobody_goes_on_with_is_deleted_after_a_day(in_alpha, patient) -> None:
    from datetime import timedelta

    from django.utils import timezone

    upload = Upload.objects.create(patient=patient(), file_name="scan.pdf", size=10)
    path_of(upload).write_bytes(b"part")
    now = timezone.now()

    assert discard_old_uploads(now=now) == 0
    assert discard_old_uploads(now=now + timedelta(days=2)) == 1
    assert not path_of(upload).exists()
    assert Document.objects.count() == 0
