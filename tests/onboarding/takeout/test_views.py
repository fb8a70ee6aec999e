"""The export's pages."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.core import signing

from onboarding.takeout import services
from onboarding.takeout.models import Takeout
from tenants import jobs
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])
HERE = "/settings/data/export/"

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def ready(alpha, sign_in):
    """A client of the owner, and an export that is ready."""
    client = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        takeout = services.ask_for_takeout(actor=client.person, with_files=False, with_mark=True)
    return client, services.write_takeout(alpha, takeout.pk)


def test_asking_asks_for_a_job_and_shows_that_it_waits(alpha, sign_in):
    client = sign_in(alpha, "admin")

    client.post(HERE, {"with_files": "1"})

    with tenant_scope(alpha):
        takeout = Takeout.objects.get()
        (job,) = jobs.of_running_clinic()
    assert (job.kind, job.asked_from, job.asked_by) == ("export", "clinic", client.person.email)
    assert job.params == {"takeout": str(takeout.pk), "with_files": True}
    assert (takeout.with_files, takeout.with_mark) == (True, False)
    page = client.get(HERE)
    assert "Waiting for a worker" in page.text
    assert client.post(HERE).status_code == 409
    assert "Waiting" in client.get(f"{HERE}{takeout.pk}/progress/").text


def test_a_ready_export_is_fetched_by_a_link_of_its_own(ready):
    client, takeout = ready

    answer = client.post(f"{HERE}{takeout.pk}/link/")
    fetched = client.get(answer.headers["Location"])

    content = fetched.getvalue()
    assert len(content) == takeout.size == int(fetched.headers["Content-Length"])
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    assert fetched.headers["Content-Disposition"].startswith('attachment; filename="everything-')


def test_the_link_is_good_for_nobody_else_and_not_for_long(alpha, ready, sign_in, monkeypatch):
    client, takeout = ready
    url = client.post(f"{HERE}{takeout.pk}/link/").headers["Location"]

    other = sign_in(alpha, "admin")
    assert other.get(url).headers.get("Location") == HERE
    assert sign_in(alpha, "reception").get(url).status_code == 403
    assert client.get(f"{HERE}{takeout.pk}/download/forged/").headers["Location"] == HERE

    now = signing.time.time
    monkeypatch.setattr("onboarding.takeout.links.SECONDS", 0)
    monkeypatch.setattr(signing.time, "time", lambda: now() + 5)
    assert client.get(url).headers["Location"] == HERE


def test_a_deleted_export_is_gone(ready):
    client, takeout = ready
    url = client.post(f"{HERE}{takeout.pk}/link/").headers["Location"]

    client.post(f"{HERE}{takeout.pk}/delete/")

    assert client.get(url).status_code == 404
    assert "Deleted" in client.get(HERE).text
