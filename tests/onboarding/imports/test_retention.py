from __future__ import annotations

from datetime import UTC, datetime, timedelta

from clinical.patients.models import Patient
from onboarding.imports.models import ImportLink, ImportRun, ImportSource
from onboarding.imports.retention import discard_old_uploads
from onboarding.imports.services import import_file
from onboarding.imports.tasks import discard_old
from onboarding.imports.upload import start_upload
from onboarding.imports.upload_parts import folder_of
from tenants.scope import NOBODY, tenant_scope


def age(clinic, days):
    with tenant_scope(clinic):
        then = datetime.now(UTC) - timedelta(days=days)
        ImportSource.objects.update(created_at=then)
        ImportRun.objects.update(created_at=then)


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
