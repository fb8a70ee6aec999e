from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from clinical.patients.models import Patient
from onboarding.imports import bundle
from onboarding.imports.models import ImportLink, ImportRun, ImportSource
from onboarding.imports.retention import (
    DEFAULT_DAYS,
    RetentionError,
    days_kept,
    discard_old_uploads,
    keep_for,
    sweep_leftovers,
)
from onboarding.imports.services import import_file
from onboarding.imports.tasks import discard_old
from onboarding.imports.upload import receive_file, start_upload, take_in
from onboarding.imports.upload_parts import folder_of
from tenants.scope import NOBODY, tenant_scope
from tenants.storage import work_dir


def age(clinic, days):
    with tenant_scope(clinic):
        then = datetime.now(UTC) - timedelta(days=days)
        ImportSource.objects.update(created_at=then)
        ImportRun.objects.update(created_at=then, loaded_at=then)


def test_an_old_file_goes_and_what_was_loaded_from_it_stays(
    alpha, demo, django_capture_on_commit_callbacks
):
    import_file(alpha, demo.path)
    age(alpha, 31)
    with tenant_scope(alpha):
        path = folder_of(ImportSource.objects.get())

    with django_capture_on_commit_callbacks(execute=True):
        discard_old()

    assert not path.exists()
    with tenant_scope(alpha):
        assert ImportSource.objects.get().state == "discarded"
        assert ImportSource.objects.get().records.count() == 0
        assert Patient.objects.exists()
        assert ImportLink.objects.exclude(raw={}).exists()


def test_a_file_of_this_month_stays(alpha, demo):
    import_file(alpha, demo.path)
    age(alpha, 29)

    with tenant_scope(alpha):
        assert discard_old_uploads(now=datetime.now(UTC)) == 0


def test_an_old_file_somebody_ran_again_stays(alpha, demo):
    import_file(alpha, demo.path)
    age(alpha, 31)
    with tenant_scope(alpha):
        ImportRun.objects.update(created_at=datetime.now(UTC))

        assert discard_old_uploads(now=datetime.now(UTC)) == 0


def test_an_upload_nobody_finished_goes_after_a_week(alpha):
    with tenant_scope(alpha):
        start_upload(name="Clinic.fmp12", size=10_000, actor=NOBODY)
    age(alpha, 8)

    with tenant_scope(alpha):
        assert discard_old_uploads(now=datetime.now(UTC)) == 1
        assert not ImportSource.objects.exists()


def test_a_clinic_says_how_long_its_files_are_kept_and_its_neighbour_is_not_asked(alpha, beta):
    with tenant_scope(alpha):
        keep_for(3)
        keep_for(5)
        assert days_kept() == 5
    with tenant_scope(beta):
        assert days_kept() == DEFAULT_DAYS


@pytest.mark.parametrize("days", [0, -1, 366])
def test_days_that_cannot_be_are_refused(in_alpha, days):
    with pytest.raises(RetentionError, match="1 to 365"):
        keep_for(days)


def test_the_clinics_own_time_counts(alpha, demo):
    import_file(alpha, demo.path)
    age(alpha, 6)

    with tenant_scope(alpha):
        keep_for(5)
        assert discard_old_uploads(now=datetime.now(UTC)) == 1


def test_all_files_of_a_job_go_with_it(alpha, demo, django_capture_on_commit_callbacks):
    with tenant_scope(alpha):
        job = bundle.open_job(actor=NOBODY)
        file = bundle.add_file(job, name="Clinic.fmp12", size=demo.path.stat().st_size)
        with demo.path.open("rb") as opened:
            take_in(file, opened)
        folder = folder_of(file)
    age(alpha, 31)

    with django_capture_on_commit_callbacks(execute=True):
        discard_old()

    assert not folder.exists()
    with tenant_scope(alpha):
        assert not ImportSource.objects.exists()


def test_what_a_crash_has_left_is_swept_and_what_is_wanted_stays(in_alpha, demo):
    kept = receive_file(demo.path, actor=NOBODY)
    left = work_dir("imports") / "0123.part"
    left.mkdir()
    plain = work_dir("imports", "plain") / "0123.plain"
    plain.write_bytes(b"patients")
    yesterday = time.time() - 100_000
    for path in (left, plain, folder_of(kept)):
        os.utime(path, (yesterday, yesterday))

    sweep_leftovers(now=datetime.now(UTC))

    assert [left.exists(), plain.exists(), folder_of(kept).exists()] == [False, False, True]
