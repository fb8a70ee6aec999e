"""Requests with a clock, restrictions that senders hear of, breaches step by step, copies."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from clinical.consents.models import Consent, ConsentKind
from clinical.documents.models import Document
from clinical.documents.services import store_file
from clinical.notices.models import Notice
from clinical.patients.header import header_of
from clinical.patients.models import Address, Patient
from clinical.rights import breaches, research, services, tasks
from clinical.rights.exporting import sections_of, summary_pdf
from clinical.rights.models import PersonExport, ResearchExtract, RightsRequest, Statement
from clinical.rights.printing import breach_statement
from clinical.rights.uses import objection, restricted
from tenants import jobs
from tenants.models import Job
from tenants.scope import public_scope, tenant_scope
from tenants.storage import clinic_storage


@pytest.fixture
def owner(in_alpha, person):
    return person("owner")


@pytest.mark.urls("config.urls_clinic")
def test_a_request_has_the_law_s_days_and_is_answered_once(owner, patient, policy):
    ada, today = patient(), timezone.localdate()
    asked = services.receive_request(
        ada, "correction", actor=owner, asked_on=today - timedelta(days=3), today=today,
        policy=policy, words="My street is wrong",
    )  # fmt: skip
    assert asked.due_on == today + timedelta(days=27)

    with pytest.raises(services.RightsError, match="reason"):
        services.decide_request(asked, "refused", actor=owner, on=today)
    services.decide_request(
        asked, "refused", actor=owner, on=today, reason="It is right", statement="It is not.",
        about="Address",
    )  # fmt: skip
    with pytest.raises(services.RightsError, match="already"):
        services.decide_request(asked, "done", actor=owner, on=today)

    assert Statement.objects.get().text == "It is not."
    assert "The patient's statement about Address" in [
        banner.title for banner in header_of(owner, ada).banners
    ]


def test_who_does_not_answer_for_privacy_may_do_nothing_of_it(in_alpha, person, patient, policy):
    ada, today = patient(), timezone.localdate()
    for role in ("clinician", "reception", "billing", "coordinator"):
        with pytest.raises(PermissionDenied):
            services.receive_request(
                ada, "access", actor=person(role), asked_on=today, today=today, policy=policy
            )
    assert not RightsRequest.objects.exists()


@pytest.mark.urls("config.urls_clinic")
def test_a_restriction_stops_a_use_until_it_ends(owner, patient, policy):
    ada, ben = patient("Ada North"), patient("Ben South")
    found = services.restrict_uses(
        ada, ["reminders"], actor=owner, at=timezone.now(), policy=policy
    )

    assert objection(ada.pk, "reminders")
    assert (objection(ada.pk, "research"), objection(ben.pk, "reminders")) == ("", "")
    assert restricted("reminders") == {ada.pk}
    assert "Restricted: no automatic reminders" in [b.title for b in header_of(owner, ada).banners]
    with pytest.raises(services.RightsError, match="Choose"):
        services.restrict_uses(ada, ["sale"], actor=owner, at=timezone.now(), policy=policy)

    services.end_restriction(found, actor=owner, at=timezone.now())
    assert objection(ada.pk, "reminders") == ""


def test_a_breach_is_assessed_before_it_is_decided_and_told_before_it_is_closed(owner, policy):
    now = timezone.now()
    today = timezone.localdate(now)
    breach = breaches.open_breach(
        actor=owner, at=now, found_on=today, policy=policy,
        fields={"title": "Letter to the wrong person", "happened": "A letter", "kinds": "Names"},
    )  # fmt: skip
    assert breach.due_on == today + timedelta(days=30)

    def step(key):
        return breaches.take_step(breach, key, actor=owner, at=now, on=today, policy=policy)

    for key in ("eligible", "regulator_told", "closed", "suspected", "nonsense"):
        with pytest.raises(breaches.BreachError):
            step(key)
    step("assessed"), step("eligible"), step("regulator_told")
    with pytest.raises(breaches.BreachError, match="people must be told"):
        step("closed")
    step("people_told"), step("closed")

    breach.refresh_from_db()
    assert (breach.state, breach.is_closed) == ("closed", True)
    assert list(breach.steps.values_list("key", flat=True)) == [
        "suspected", "assessed", "eligible", "regulator_told", "people_told", "closed",
    ]  # fmt: skip


def test_the_statement_is_a_pdf_and_the_bell_reminds_once(owner, in_alpha, patient, policy):
    now = timezone.now()
    late = now.date() - timedelta(days=40)
    breach = breaches.open_breach(
        actor=owner, at=now, found_on=late, policy=policy, fields={"title": "Lost laptop"}
    )
    services.receive_request(
        patient(), "access", actor=owner, asked_on=late, today=now.date(), policy=policy
    )

    assert breach_statement(breach, tenant=in_alpha, policy=policy).startswith(b"%PDF")
    assert tasks.tidy(in_alpha, now=now) == (0, 2)
    Notice.objects.update(read_at=now)
    tasks.tidy(in_alpha, now=now)

    assert Notice.objects.filter(user=owner).count() == 2


def test_the_copy_says_all_that_is_kept_but_the_team_s_own_talk(owner, in_alpha, patient, policy):
    from clinical.threads.models import Thread

    ada = patient("Ada North", phone="0400 111 222", notes="Knee since May")
    Thread.objects.create(
        patient=ada, subject="Gossip", author=owner, created_at=timezone.now(),
        last_post_at=timezone.now(),
    )  # fmt: skip

    sections, held = sections_of(ada, policy)
    said = json.dumps([[s.name, [line.facts for line in s.lines]] for s in sections])

    assert "Knee since May" in said
    assert "0400 111 222" in said
    assert "Gossip" not in said
    assert "talk among the team" in "".join(held.values())
    made = summary_pdf(ada, sections, tenant=in_alpha, policy=policy, held_back=held)
    assert made.startswith(b"%PDF")


def test_a_copy_is_made_by_a_job_fetched_by_a_short_link_and_ends(
    committed, alpha, no_worker, sign_in
):
    client = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        ada = Patient.objects.create(given_names="Ada", family_name="North")
        document = Document.objects.create(patient=ada, title="Referral", file_name="a.txt")
        store_file(document, [b"from the GP"], actor=None, follow_up=False)
    client.post(f"/patients/{ada.pk}/privacy/copy/", {"with_files": "1"})
    with public_scope(using="owner"):
        job = Job.objects.get(kind="rights_copy")
    assert str(ada.pk) not in json.dumps(job.params)
    with tenant_scope(alpha):
        export = PersonExport.objects.get()

    assert jobs.run(job.pk).state == Job.State.DONE

    page = client.get(f"/patients/{ada.pk}/privacy/")
    assert "Download" in page.text
    go = client.post(f"/privacy/copies/{export.pk}/link/")
    with zipfile.ZipFile(io.BytesIO(client.get(go["Location"]).getvalue())) as packed:
        names = set(packed.namelist())
        assert names == {"record.pdf", "record.fhir.json", "files.csv", "documents/Referral.txt"}
        assert packed.read("documents/Referral.txt") == b"from the GP"
    stranger = sign_in(alpha, "admin")
    assert stranger.get(go["Location"]).status_code == 302
    with tenant_scope(alpha):
        assert Event.objects.filter(action="export", subject_id=str(ada.pk)).count() == 1
        key = PersonExport.objects.get().storage_key
        assert tasks.tidy(alpha, now=timezone.now() + timedelta(days=8))[0] == 1
        assert clinic_storage().size_or_none(key) is None


def test_each_row_of_an_extract_is_shared_by_k_people(owner, patient, policy):
    from random import Random

    chance = Random(7)
    kind = ConsentKind.objects.get(key="research")
    today = timezone.localdate()
    for number in range(60):
        one = patient(
            f"Name{number} Family{number}", sex=chance.choice(["female", "male"]),
            date_of_birth=today - timedelta(days=chance.randrange(365 * 60)),
        )  # fmt: skip
        Address.objects.create(patient=one, postcode=chance.choice(["2000", "2010", "3000"]))
        if number < 5:
            Consent.objects.create(
                patient=one,
                kind=kind,
                answer="refused",
                answered_on=today,
                recorded_at=timezone.now(),
            )
        elif number < 8:
            services.restrict_uses(one, ["research"], actor=owner, at=timezone.now(), policy=policy)

    made = research.extracted(["age_band", "sex", "area"], k=3, policy=policy, today=today)

    groups = {row: made.rows.count(row) for row in made.rows}
    assert min(groups.values()) == made.smallest >= 3
    assert (made.left_out, made.people) == (8, 52)
    assert len(made.rows) + made.suppressed == 52
    assert made.suppressed > 0
    text = research.as_csv(made).decode()
    assert "Family" not in text
    assert made.rows == sorted(made.rows)
    words = research.statement(
        ResearchExtract(purpose="A study", k=3, fields=[], asked_by="Olga"), made, policy
    )
    assert f"suppressed (in a group smaller than k): {made.suppressed}" in words


def test_suppression_never_leaves_a_small_group():
    rows = [("a",)] * 5 + [("b",)] * 2 + [("c",)] * 3

    assert research.suppress(rows, 3) == ([("a",)] * 5 + [("c",)] * 3, 2, 3)
    assert research.suppress(rows, 9) == ([], 10, 0)


def test_the_pages_answer_and_cost_the_same_for_many(alpha, sign_in):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        people = [Patient.objects.create(given_names="A", family_name=f"B{n}") for n in range(6)]
        today = timezone.localdate()
        actor = User.objects.get(role="owner")

        def ask(person):
            from clinical.rights.policy import policy_named

            services.receive_request(
                person, "access", actor=actor, asked_on=today, today=today,
                policy=policy_named("AU"),
            )  # fmt: skip

        ask(people[0])
    pages = ("", "retention/", "destroyed/", "research/", "breaches/", "breaches/new/")
    counts = []
    for _ in range(2):
        client.get("/settings/privacy/")
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/settings/privacy/").status_code == 200
        counts.append(len(asked))
        with tenant_scope(alpha):
            for person in people[1:]:
                ask(person)
    assert counts[0] == counts[1] <= 40
    for page in pages:
        assert client.get(f"/settings/privacy/{page}").status_code == 200, page
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/patients/{people[0].pk}/privacy/").status_code == 200
    assert len(asked) <= 40
