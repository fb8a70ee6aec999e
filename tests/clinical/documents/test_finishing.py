"""Scanning by a real clamd, and previews, as the worker does both."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.files.storage import default_storage

from audit.models import Event
from clinical.documents import finishing
from clinical.documents.scanning import ScannerUnavailableError
from clinical.documents.services import store_file
from clinical.documents.tasks import prepare_everywhere, prepare_pending
from tenants.scope import tenant_scope
from tests.peers.clamd import EICAR, clamd

if TYPE_CHECKING:
    from clinical.documents.models import Document


@pytest.fixture(scope="module")
def running_clamd():
    with clamd() as url:
        yield url


@pytest.fixture
def scanned(settings, running_clamd):
    settings.CLAMD_URL = f"{running_clamd}?max=3000000"
    return settings


@pytest.fixture
def stored(document, person):
    """Store bytes in the running scope: `stored(content, "photo.jpg")`."""
    actor = None

    def store(content: bytes, name: str = "scan.pdf", **fields) -> Document:
        nonlocal actor
        actor = actor or person("clinician")
        return store_file(document(name, **fields), [content], actor=actor)

    return store


def _finish(document: Document) -> Document:
    finishing.finish(document.pk, scope=nullcontext)
    document.refresh_from_db()
    return document


def test_a_clean_file_is_said_to_be_clean(in_alpha, scanned, stored, pdf) -> None:
    scan = stored(pdf)
    before = scan.scan

    _finish(scan)

    assert (before, scan.scan, scan.problem) == ("pending", "clean", "")


def test_an_infected_file_is_locked_away_and_put_on_record(in_alpha, scanned, stored) -> None:
    letter = stored(EICAR, "letter.txt")

    _finish(letter)

    event = Event.objects.get(action="document.infected")
    assert letter.scan == "infected"
    assert "cannot be opened" in letter.problem
    assert (event.object_id, event.subject_id, event.result) == (
        str(letter.pk),
        str(letter.patient_id),
        "refused",
    )


def test_an_infected_image_gets_no_preview(in_alpha, scanned, stored, jpeg) -> None:
    photo = _finish(stored(jpeg() + EICAR, "photo.jpg"))

    assert (photo.scan, photo.thumbnail_key) == ("infected", "")


def test_a_file_waits_while_the_scanner_is_away(in_alpha, settings, stored, pdf) -> None:
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    scan = stored(pdf)

    with pytest.raises(ScannerUnavailableError):
        _finish(scan)

    scan.refresh_from_db()
    assert scan.scan == "pending"


def test_a_file_the_scanner_would_not_take_is_marked_as_not_scanned(
    in_alpha, settings, running_clamd, stored, pdf
) -> None:
    settings.CLAMD_URL = f"{running_clamd}?max=10"

    assert _finish(stored(pdf)).scan == "not_scanned"


def test_a_scanner_with_a_lower_limit_than_said_leaves_the_file_waiting(
    in_alpha, settings, running_clamd, stored
) -> None:
    settings.CLAMD_URL = running_clamd

    with pytest.raises(ScannerUnavailableError):
        _finish(stored(b"%PDF" + bytes(6_000_000)))


def test_without_a_scanner_nothing_waits(in_alpha, settings, scanned, stored, pdf) -> None:
    scan = stored(pdf)
    settings.CLAMD_URL = ""

    assert _finish(scan).scan == "not_scanned"


def test_an_image_gets_its_preview_and_size(in_alpha, stored, jpeg) -> None:
    photo = _finish(stored(jpeg(800, 600), "photo.jpg"))

    assert (photo.width, photo.height) == (800, 600)
    assert photo.thumbnail_key == f"patients/{photo.patient_id}/{photo.sha256}.preview.jpg"
    assert default_storage.exists(photo.thumbnail_key)


def test_a_damaged_image_is_tried_once(in_alpha, stored) -> None:
    photo = _finish(stored(b"\xff\xd8\xff" + bytes(100), "photo.jpg"))

    assert (photo.state, photo.width, photo.thumbnail_key) == ("stored", 0, "")
    assert finishing.unfinished() == []


def test_a_file_that_has_gone_is_marked_as_missing(in_alpha, stored, jpeg) -> None:
    photo = stored(jpeg(), "photo.jpg")
    Path(default_storage.path(photo.storage_key)).unlink()

    _finish(photo)

    assert photo.state == "missing"
    assert "backup" in photo.problem


@pytest.mark.usefixtures("committed")
def test_what_was_left_lying_is_taken_up_in_each_clinic(
    alpha, beta, stored, jpeg, monkeypatch
) -> None:
    with tenant_scope(alpha):
        photo = stored(jpeg(), "photo.jpg")
    sent: list[int] = []
    monkeypatch.setattr(prepare_pending, "delay_for", sent.append)

    prepare_everywhere()
    prepare_pending.apply(headers={"nexus_tenant": alpha.pk}, throw=True)

    with tenant_scope(alpha):
        photo.refresh_from_db()
    assert sent == [alpha.pk]
    assert photo.width == 400
