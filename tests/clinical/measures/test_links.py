"""The link on which a patient answers: what it shows, what it lets in, and when it ends."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from clinical.measures import links, tasks
from clinical.measures.models import Assessment, PatientLink
from clinical.measures.services import MeasureError
from config.celery import app
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

NOW = timezone.now()


@pytest.fixture(autouse=True)
def _no_earlier_attempts():
    from accounts.throttle import limiter

    limiter().storage.storage.flushdb()


@pytest.fixture
def outbox(mailoutbox):
    """Tasks run where they are sent from, and what they mail is in the list."""
    app.conf.task_always_eager = True
    yield mailoutbox
    app.conf.task_always_eager = False


@pytest.fixture
def ada(alpha, patient):
    with tenant_scope(alpha):
        return patient("Ada Mary North", preferred_name="", notes="Secret")


@pytest.fixture
def clinician(alpha, person):
    with tenant_scope(alpha):
        return person("clinician", name="Dr Vale")


@pytest.fixture
def made(alpha, ada, clinician):
    """Make a link: `made("phq-9")` answers it and its path."""

    def make(code: str = "phq-9", **more):
        with tenant_scope(alpha):
            link, token = links.create_link(ada, actor=clinician, code=code, at=NOW, **more)
        return link, f"/q/{token}/"

    return make


def _stranger(clinic) -> Client:
    return Client(headers={"host": clinic.host})


def _answer(client, path, n, answer, **more):
    return client.post(path, {"n": n, "answer": answer, **more})


def _answer_all(client, path, *, last: int):
    for n in range(1, 9):
        _answer(client, path, n, 1)
    return _answer(client, path, 9, last)


def test_a_patient_answers_without_a_log_in_and_the_link_is_used_up(alpha, made):
    link, path = made()
    stranger = _stranger(alpha)

    begin = stranger.get(path)
    _answer_all(stranger, path, last=0)
    review = stranger.get(f"{path}?n=end")
    finished = stranger.post(path, {"finish": "1"})
    thanks = stranger.get(path)
    late = _answer(stranger, path, 1, 3)

    assert "Hello Ada" in begin.text
    assert "Ready to send?" in review.text
    assert (finished.status_code, finished.headers["Location"]) == (302, path)
    assert "Thank you, Ada" in thanks.text
    assert "Thank you" in late.text
    with tenant_scope(alpha):
        done = Assessment.objects.get()
        link.refresh_from_db()
    assert (done.score, done.state, done.by_patient) == (8, "complete", True)
    assert (done.author, done.author_name) == (None, links.BY_PATIENT)
    assert (link.assessment_id, link.finished_at is None) == (done.pk, False)


def test_the_pages_show_a_first_name_and_the_clinic_and_nothing_else(alpha, ada, made, taken):
    with tenant_scope(alpha):
        taken(ada, "phq-9", 26, days_ago=30)
    _, path = made()
    stranger = _stranger(alpha)
    pages = [stranger.get(f"{path}{tail}") for tail in ("", "?n=1", "?n=9", "?n=end", "?n=99")]
    pages += [_answer_all(stranger, path, last=1), stranger.post(path, {"finish": "1"})]
    pages.append(stranger.get(path))

    for page in pages:
        for private in ("North", "Mary", "Secret", "Dr Vale", "26", str(ada.pk), "Severe", "PHQ"):
            assert private not in re.sub(r"<svg.*?</svg>|[\w-]{20,}", "", page.text), private
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert "no-store" in page.headers["Cache-Control"]


def test_what_was_begun_goes_on_where_it_stopped(alpha, made):
    _, path = made()
    _answer(_stranger(alpha), path, 1, 2)
    other_device = _stranger(alpha)

    assert "?n=2" in other_device.get(path).text
    assert 'aria-pressed="true"' in other_device.get(f"{path}?n=1").text
    taken_back = _answer(other_device, path, 1, "")
    assert taken_back.headers["Location"] == f"{path}?n=2"
    with tenant_scope(alpha):
        assert Assessment.objects.get().answers == {}


def test_too_little_is_not_sent_and_nonsense_not_taken(alpha, made):
    _, path = made()
    stranger = _stranger(alpha)

    assert _answer(stranger, path, 1, "7").status_code == 422
    assert _answer(stranger, path, "no number", 1).headers["Location"] == path
    _answer(stranger, path, 1, 2)
    refused = stranger.post(path, {"finish": "1"})

    assert refused.status_code == 422
    with tenant_scope(alpha):
        assert Assessment.objects.get().state == "draft"


def test_an_activity_is_named_and_rated(alpha, made):
    _, path = made("psfs")
    stranger = _stranger(alpha)

    assert _answer(stranger, path, 1, "", words="Stairs").status_code == 422
    assert _answer(stranger, path, 1, "4").status_code == 422
    assert _answer(stranger, path, 1, "4", words="Stairs").status_code == 302
    assert stranger.post(path, {"finish": "1"}).status_code == 302
    with tenant_scope(alpha):
        assert Assessment.objects.get().score == 4


def test_a_link_that_leads_nowhere_is_answered_alike_and_slowed(alpha, beta, made, clinician):
    cancelled, of_cancelled = made()
    expired, of_expired = made()
    _, good = made()
    with tenant_scope(alpha):
        links.cancel_link(cancelled, actor=clinician, at=NOW)
        PatientLink.objects.filter(pk=expired.pk).update(
            created_at=NOW - timedelta(days=30), expires_at=NOW - timedelta(days=1)
        )

    pages = [_stranger(alpha).get(path) for path in (of_cancelled, of_expired, "/q/guess/")]
    next_door = _stranger(beta).get(good)
    slowed = [_stranger(alpha).get(f"/q/guess-{n}/").status_code for n in range(20)]

    plain = [re.sub(r"[\w-]{20,}", "", page.text) for page in pages]
    assert [page.status_code for page in pages] == [404] * 3
    assert plain[0] == plain[1] == plain[2]
    assert (next_door.status_code, "Ada" in next_door.text) == (404, False)
    assert slowed[-1] == 429
    assert _stranger(alpha).get(good).status_code == 200


def test_no_token_is_kept_and_each_is_long(alpha, made):
    link, path = made()
    token = path.split("/")[2]

    assert len(token) >= 43
    with tenant_scope(alpha):
        row = PatientLink.objects.filter(pk=link.pk).values().get()
    assert token not in str(row)


def test_somebody_signed_in_on_the_same_device_is_not_taken_for_the_patient(alpha, made, sign_in):
    _, path = made()
    reception = sign_in(alpha, "reception")

    assert "Hello Ada" in reception.get(path).text
    _answer_all(reception, path, last=0)
    reception.post(path, {"finish": "1"})

    with tenant_scope(alpha):
        assert Assessment.objects.get().author_name == links.BY_PATIENT


def test_an_answer_about_self_harm_shows_help_and_tells_the_clinician(
    alpha, made, clinician, outbox, django_capture_on_commit_callbacks
):
    _, path = made()
    stranger = _stranger(alpha)
    assert "not alone" not in stranger.get(f"{path}?n=9").text
    _answer_all(stranger, path, last=1)
    assert "You are not alone with this" in stranger.get(f"{path}?n=10").text
    assert "You are not alone with this" in stranger.get(f"{path}?n=end").text

    with django_capture_on_commit_callbacks(execute=True):
        stranger.post(path, {"finish": "1"})

    assert "You do not have to wait" in stranger.get(path).text
    assert "ms-crisis" in stranger.get(path).text
    (mail,) = outbox
    assert mail.to == [clinician.email]
    assert "/measures/" in mail.body
    for private in ("Ada", "North", "PHQ", "harm", "depress"):
        assert private not in mail.body + mail.subject
    with tenant_scope(alpha):
        assert Assessment.objects.get().needs_look


def test_a_mailed_link_works_says_nothing_clinical_and_has_a_token_of_its_own(
    alpha, made, outbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        _, shown = made(email=" ada@example.com ")
    (mail,) = outbox
    mailed = re.search(r"http://([^/]+)(/q/\S+)", mail.body)

    assert (mail.to, mailed.group(1).split(":")[0]) == (["ada@example.com"], alpha.host)
    assert _stranger(alpha).get(mailed.group(2)).status_code == 200
    assert _stranger(alpha).get(shown).status_code == 404
    for private in ("PHQ", "Health", "depress", "North", "mood"):
        assert private not in mail.body + mail.subject
    assert "{" not in mail.body


def test_nothing_is_mailed_for_a_link_that_was_cancelled_meanwhile(alpha, made, clinician, outbox):
    link, _ = made()
    with tenant_scope(alpha):
        PatientLink.objects.filter(pk=link.pk).update(email="ada@example.com")
        links.cancel_link(link, actor=clinician, at=NOW)
        token = links.renew_token(link, at=NOW)

    assert token is None
    assert tasks.send_link.name == "measures.send_link"
    assert outbox == []


def test_what_cannot_be_sent_is_refused(alpha, ada, clinician, person):
    with tenant_scope(alpha):
        for code, email in (("tug", None), ("ndi", None), ("none", None), ("k10", "nobody")):
            with pytest.raises(MeasureError):
                links.create_link(ada, actor=clinician, code=code, at=NOW, email=email)
        with pytest.raises(PermissionDenied):
            links.create_link(ada, actor=person("billing"), code="k10", at=NOW)
        assert not PatientLink.objects.exists()
