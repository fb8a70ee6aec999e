from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.files.storage import default_storage

from clinical.documents.services import store_file
from tenants.storage import ScopedFileSystemStorage, StorageUnavailableError, work_dir

if TYPE_CHECKING:
    from clinical.documents.models import Document


def _bytes_of(document: Document) -> bytes:
    with default_storage.open(document.storage_key) as stored:
        return stored.read()


def _left_over() -> list[Path]:
    return list(work_dir("receiving").iterdir())


def test_a_file_is_stored_under_its_patient_and_checksum(in_alpha, document, pdf, person) -> None:
    scan = document("Referral.PDF")

    store_file(scan, [pdf[:10], pdf[10:]], actor=person("clinician"))

    scan.refresh_from_db()
    digest = hashlib.sha256(pdf).hexdigest()
    assert (scan.state, scan.sha256, scan.size, scan.media_type, scan.problem, scan.scan) == (
        "stored",
        digest,
        len(pdf),
        "application/pdf",
        "",
        "not_scanned",
    )
    assert scan.storage_key == f"patients/{scan.patient_id}/{digest}.pdf"
    assert _bytes_of(scan) == pdf
    assert _left_over() == []


def test_a_file_of_nobody_has_a_place_of_its_own(in_alpha, document, pdf, person) -> None:
    scan = document(patient=None)

    store_file(scan, [pdf], actor=person("clinician"))

    assert scan.storage_key == f"unlinked/{hashlib.sha256(pdf).hexdigest()}.pdf"


def test_the_content_says_what_a_file_is_not_its_name(in_alpha, document, jpeg, person) -> None:
    photo = document("letter.pdf")

    store_file(photo, [jpeg()], actor=person("clinician"))

    assert (photo.media_type, photo.storage_key[-4:]) == ("image/jpeg", ".jpg")


def test_the_same_bytes_are_not_written_twice(in_alpha, document, pdf, person, monkeypatch) -> None:
    actor, first = person("clinician"), document()
    second = document(patient=first.patient)
    store_file(first, [pdf], actor=actor)
    monkeypatch.setattr(ScopedFileSystemStorage, "adopt", None)

    store_file(first, [pdf], actor=actor)
    store_file(second, [pdf], actor=actor)

    assert (second.state, second.storage_key) == ("stored", first.storage_key)


def test_a_half_written_file_is_written_again(in_alpha, document, pdf, person) -> None:
    scan = document()
    store_file(scan, [pdf], actor=person("clinician"))
    Path(default_storage.path(scan.storage_key)).write_bytes(pdf[:5])

    store_file(scan, [pdf], actor=person("clinician", name="Two"))

    assert _bytes_of(scan) == pdf


def test_a_document_that_goes_to_another_patient_keeps_its_place(
    in_alpha, document, patient, pdf, person
) -> None:
    scan = document(patient=None)
    store_file(scan, [pdf], actor=person("clinician"))
    scan.patient = patient("Bea South")
    scan.save()

    store_file(scan, [pdf], actor=person("clinician", name="Two"))

    assert scan.storage_key.startswith("unlinked/")


@pytest.mark.usefixtures("in_alpha")
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("letter.pdf", b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff", "Windows program"),
        ("letter.pdf", b"\x7fELF\2\1\1", "Linux program"),
        ("notes.txt", b"#!/bin/sh\nrm -rf /\n", "a script"),
        ("letter.pdf", b"\n<!DOCTYPE html><p>", "web page"),
        ("page.txt", "\ufeff<html>".encode("utf-16"), "web page"),
        ("logo.svg", b"<svg xmlns='a'><script>1</script></svg>", "SVG"),
        ("logo.svg", b"<?xml version='1.0'?><svg onload='x()'></svg>", "SVG"),
        ("macro.vbs", b"MsgBox 1", ".vbs"),
        ("scan.pdf", b"", "empty"),
    ],
)
def test_what_could_run_is_refused_with_the_reason(document, person, name, content, says) -> None:
    file = document(name)

    store_file(file, [content], actor=person("clinician"))

    file.refresh_from_db()
    assert (file.state, file.storage_key) == ("refused", "")
    assert says in file.problem
    assert _left_over() == []


def test_a_file_past_the_limit_is_refused(in_alpha, document, person, pdf, monkeypatch) -> None:
    monkeypatch.setattr("clinical.documents.services.MAX_BYTES", 20)
    scan = document()

    store_file(scan, [pdf], actor=person("clinician"))

    assert scan.state == "refused"
    assert "larger than" in scan.problem


def test_a_storage_that_fails_leaves_the_document_awaited(
    in_alpha, document, pdf, person, monkeypatch
) -> None:
    def fails(*_args: object, **_more: object) -> None:
        raise StorageUnavailableError("The disk is full.")

    scan, actor = document(), person("clinician")
    with monkeypatch.context() as broken:
        broken.setattr(ScopedFileSystemStorage, "adopt", fails)
        store_file(scan, [pdf], actor=actor)
    failed = (scan.state, scan.problem)
    store_file(scan, [pdf], actor=actor)

    assert failed == ("awaiting", "The disk is full.")
    assert (scan.state, scan.problem) == ("stored", "")


def test_a_source_that_breaks_off_stores_nothing(in_alpha, document, pdf, person) -> None:
    def breaks():
        yield pdf
        raise ConnectionResetError("gone")

    scan = document()
    with pytest.raises(ConnectionResetError):
        store_file(scan, breaks(), actor=person("clinician"))

    assert (scan.state, scan.storage_key, _left_over()) == ("awaiting", "", [])


def test_a_refused_newer_file_leaves_the_old_one(in_alpha, document, pdf, person) -> None:
    scan, actor = document(), person("clinician")
    store_file(scan, [pdf], actor=actor)

    store_file(scan, [b"MZ\0\0"], actor=actor)

    assert scan.state == "stored"
    assert "newer file did not come" in scan.problem
    assert _bytes_of(scan) == pdf


def test_memory_does_not_grow_with_the_file(in_alpha, document, person) -> None:
    block = bytes(256 * 1024)
    film, actor = document("film.mp4"), person("clinician")
    tracemalloc.start()

    store_file(film, (block for _ in range(200)), actor=actor)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert film.size == 200 * len(block)
    assert peak < 8 * 1024 * 1024


@pytest.mark.usefixtures("in_alpha")
def test_what_follows_is_asked_for_once_the_row_is_kept(
    document, pdf, person, sent, django_capture_on_commit_callbacks
) -> None:
    scan, actor = document(), person("clinician")
    with django_capture_on_commit_callbacks(execute=True):
        store_file(scan, [pdf], actor=actor)
        store_file(document(), [pdf], actor=actor, follow_up=False)

    assert sent == [str(scan.pk)]
