"""Rules of the clinic: what they ask, for whom they hold, and what people decide about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.decision_support import selectors, services
from clinical.decision_support.conditions import KINDS, Asked, Condition
from clinical.decision_support.evaluating import matches, refresh_prompts
from clinical.decision_support.models import Prompt, PromptDecision, Rule
from clinical.decision_support.tasks import refresh
from clinical.patients.models import Patient
from clinical.plans.models import Plan
from clinical.problems.models import Allergy, Problem
from tenants.scope import act_as, current_scope, tenant_scope
from tenants.tasks import TENANT_HEADER

pytestmark = pytest.mark.django_db(databases=["default"])
ZONE = ZoneInfo("Australia/Sydney")
NOW = datetime(2026, 11, 21, 1, tzinfo=UTC)
TODAY = NOW.astimezone(ZONE).date()


@pytest.fixture
def owner(in_alpha, person):
    cache.clear()
    return person("owner")


def ask(kind: str, *patients, **more):
    asked = Asked([patient.pk for patient in patients], NOW, ZONE)
    found = KINDS[kind].ask(Condition(kind, **more), asked)
    return {patient.family_name: found[patient.pk] for patient in patients if patient.pk in found}


def keep(owner, *conditions, **more):
    fields = {
        "name": "Ours", "text": "Do it.", "conditions": list(conditions), "roles": ["clinician", "owner"],
        "is_active": True, "in_diary": True, **more,
    }  # fmt: skip
    return services.keep_rule(None, actor=owner, fields=fields)


def look(*patients):
    return refresh_prompts([p.pk for p in patients], now=NOW, zone=ZONE)


def test_what_each_condition_says(owner, patient, appointment):
    ada = patient("Ada North", date_of_birth="1950-11-21", plan_end=TODAY + timedelta(days=10))
    bea = patient("Bea South", date_of_birth="1950-11-22")
    appointment(NOW - timedelta(weeks=7), patient=ada, status="completed")
    appointment(NOW - timedelta(weeks=7), patient=bea, status="completed")
    appointment(NOW + timedelta(days=1), patient=bea)
    for days in (3, 4):
        appointment(NOW - timedelta(days=days), patient=bea, status="did_not_attend")
    Allergy.objects.create(patient=bea, substance="Latex", changed_at=NOW)
    Problem.objects.create(patient=ada, name="Heel pain", code="M77.3", changed_at=NOW)
    Plan.objects.create(
        patient=ada, title="Walk", state="active", starts_on=TODAY - timedelta(days=60),
        review_on=TODAY + timedelta(days=5), expected_visits=1,
    )  # fmt: skip

    for kind, more, expected in (
        ("older", {"number": 76}, {"North": "76 years old"}),
        ("younger", {"number": 76}, {"South": "75 years old"}),
        ("plan_ends", {"number": 10}, {"North": "The funding plan ends on 1 Dec 2026"}),
        ("plan_ends", {"number": 9}, {}),
        ("no_visit", {"number": 6}, {"North": "Last seen on 3 Oct 2026, nothing booked"}),
        ("no_visit", {"number": 8}, {}),
        ("missed", {"number": 2}, {"South": "Missed 2 visits in three months"}),
        ("missed", {"number": 3}, {}),
        ("allergies_unknown", {}, {"North": "Nobody has noted allergies, nor that there are none"}),
        ("has_problem", {"words": "back, heel"}, {"North": "Problem: Heel pain (M77.3)"}),
        ("has_problem", {"words": "m77"}, {"North": "Problem: Heel pain (M77.3)"}),
        ("has_problem", {"words": "m78"}, {}),
        ("review_due", {"number": 5}, {"North": "Plan “Walk”: review due 26 Nov 2026"}),
        ("review_due", {"number": 4}, {}),
        ("visits_used", {"number": 0}, {"North": "Plan “Walk”: 0 visits left"}),
        ("goal_overdue", {}, {}),
        ("result_waits", {}, {}),
        ("medicines_unreviewed", {"number": 12}, {}),
        ("visit_today", {}, {}),
        ("measure_due", {}, {}),
        ("measure_worse", {}, {}),
        ("referral_sessions", {"number": 1}, {}),
        ("referral_ends", {"number": 30}, {}),
    ):
        assert ask(kind, ada, bea, **more) == expected, kind


def test_measures_meet_a_rule_by_score_and_by_getting_worse(owner, patient, monkeypatch):
    from decimal import Decimal
    from types import SimpleNamespace

    ada = patient("Ada North")
    latest = SimpleNamespace(
        score=Decimal("15.0"), taken_on=TODAY, band_label="Slow", better_by=Decimal(-4),
        is_important=True,
    )  # fmt: skip
    asked_for = []

    def scores(ids, *, codes=None):
        asked_for.append((list(ids), codes))
        return {ada.pk: {"tug": latest}}

    monkeypatch.setattr("clinical.decision_support.conditions.latest_scores", scores)
    least = {"code": "tug", "compare": "least"}
    assert ask("measure_score", ada, number=15, **least) == {
        "North": "TUG: 15 (slow) on 21 Nov 2026"
    }
    assert ask("measure_score", ada, number=16, **least) == {}
    assert ask("measure_score", ada, number=15, code="tug", compare="most") != {}
    assert ask("measure_worse", ada) == {
        "North": "TUG is worse by 4, more than matters, on 21 Nov 2026"
    }
    latest.is_important = False
    assert ask("measure_worse", ada, code="tug") == {}
    assert asked_for[-1] == ([ada.pk], ["tug"])


def test_a_required_consent_that_is_missing_is_named(owner, patient):
    from clinical.consents.models import Consent, ConsentKind

    ConsentKind.objects.update(is_required=False)
    kind = ConsentKind.objects.create(key="ours", name="Treatment", is_required=True)
    ada, bea = patient("Ada North"), patient("Bea South")
    Consent.objects.create(patient=ada, kind=kind, answer="given", answered_on=TODAY)

    assert ask("consent_missing", ada, bea) == {"South": "Consent missing: Treatment"}


def test_all_and_any_combine_conditions(owner, patient):
    old = patient("Old One", date_of_birth="1930-01-01", plan_end=TODAY)
    young = patient("Young Two", date_of_birth="2015-01-01", plan_end=TODAY)
    conditions = [{"kind": "older", "number": 65}, {"kind": "plan_ends", "number": 3}]
    every = keep(owner, *conditions)
    some = keep(owner, *conditions, match="any")

    found = matches([every, some], Asked([old.pk, young.pk], NOW, ZONE))

    assert set(found) == {(every.pk, old.pk), (some.pk, old.pk), (some.pk, young.pk)}
    assert found[some.pk, young.pk] == ["The funding plan ends on 21 Nov 2026"]


def test_the_rules_cost_the_same_for_one_patient_and_for_fifty(owner, patient):
    services.add_standard_rules(actor=owner)
    Rule.objects.update(is_active=True)
    people = [patient(f"P Number{n}", date_of_birth="1940-01-01") for n in range(50)]
    counts = []
    for many in (people[:1], people):
        Prompt.objects.all().delete()
        with CaptureQueriesContext(connection) as caught:
            matches(list(Rule.objects.all()), Asked([p.pk for p in many], NOW, ZONE))
        counts.append(len(caught))
    assert counts[0] == counts[1]
    assert counts[0] <= len(KINDS) + 3  # the rules, and the required consents


def test_a_reminder_opens_ends_and_comes_again(owner, patient):
    ada = patient("Ada North", date_of_birth="1930-01-01")
    keep(owner, {"kind": "older", "number": 65})
    assert look(ada).opened == 1
    assert look(ada).opened == 0
    (prompt,) = selectors.open_prompts(owner, ada)
    assert prompt.because == ["96 years old"]

    services.dismiss_prompt(prompt, actor=owner, at=NOW, reason="Knows it")
    look(ada)
    assert selectors.open_prompts(owner, ada) == []
    Patient.objects.filter(pk=ada.pk).update(date_of_birth="2000-01-01")
    assert look(ada).ended == 1
    Patient.objects.filter(pk=ada.pk).update(date_of_birth="1930-01-01")
    assert look(ada).opened == 1
    assert [(d.what, d.reason) for d in PromptDecision.objects.all()] == [("Dismissed", "Knows it")]


def test_a_reminder_put_off_comes_back_on_its_day(owner, patient):
    ada = patient("Ada North", date_of_birth="1930-01-01")
    keep(owner, {"kind": "older", "number": 65})
    look(ada)
    (prompt,) = selectors.open_prompts(owner, ada)
    facts = {"actor": owner, "at": NOW, "today": TODAY, "reason": ""}
    with pytest.raises(services.PromptError, match="still to come"):
        services.snooze_prompt(prompt, until=TODAY, **facts)
    with pytest.raises(services.PromptError, match="why"):
        services.dismiss_prompt(prompt, actor=owner, at=NOW, reason=" ")

    services.snooze_prompt(prompt, until=TODAY + timedelta(days=2), **facts)
    look(ada)
    assert selectors.open_prompts(owner, ada) == []
    refresh_prompts([ada.pk], now=NOW + timedelta(days=2), zone=ZONE)
    assert len(selectors.open_prompts(owner, ada)) == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": ""}, "name"),
        ({"conditions": []}, "at least one"),
        ({"conditions": [{"kind": "nonsense"}]}, "not known"),
        ({"conditions": [{"kind": "older"}]}, "needs a number"),
        ({"conditions": [{"kind": "measure_score", "number": 3}]}, "choose a measure"),
        ({"conditions": [{"kind": "measure_worse", "code": "zz"}]}, "no measure zz"),
        ({"conditions": [{"kind": "has_problem", "words": " "}]}, "words or codes"),
        ({"roles": []}, "for whom"),
        ({"in_header": False, "in_diary": False}, "where"),
        ({"conditions": [{"kind": "review_due", "number": 1}], "roles": ["reception"]},
         "cannot be for reception"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_in_words(owner, more, words):
    with pytest.raises(services.RuleError, match=words):
        keep(owner, {"kind": "older", "number": 1}, **more)
    assert not Rule.objects.exists()


def test_every_standard_rule_can_be_switched_on(owner):
    assert services.add_standard_rules(actor=owner) >= 10
    assert services.add_standard_rules(actor=owner) == 0
    assert not Rule.objects.filter(is_active=True).exists()
    assert all(Condition.of(c).label for rule in Rule.objects.all() for c in rule.conditions)


def test_reception_sees_what_is_for_reception_and_nothing_else_not_even_by_sql(
    owner, patient, person
):
    ada = patient("Ada North", date_of_birth="1930-01-01")
    keep(owner, {"kind": "older", "number": 65}, name="Clinical")
    keep(owner, {"kind": "older", "number": 65}, name="Desk", roles=["reception"])
    look(ada)
    reception = person("reception")

    act_as(replace(current_scope().actor, id=str(reception.pk), label="r"))
    assert [p.rule.name for p in selectors.open_prompts(reception, ada)] == ["Desk"]
    assert Prompt.objects.count() == 1
    act_as(replace(current_scope().actor, id=str(owner.pk), label="o"))
    assert [p.rule.name for p in selectors.open_prompts(owner, ada)] == ["Clinical"]


# ── pages and the night ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ada(alpha):
    with tenant_scope(alpha):
        cache.clear()
        return Patient.objects.create(
            given_names="Ada", family_name="North", date_of_birth="1930-01-01"
        )


def test_a_rule_is_made_tried_and_met_in_the_record(alpha, sign_in, ada):
    owner, clinician = sign_in(alpha, "owner"), sign_in(alpha, "clinician")
    assert "No rules yet" in owner.get("/settings/rules/").text
    owner.post("/settings/rules/standard/")
    assert "Falls risk" in owner.get("/settings/rules/").text
    form = {
        "name": "Elderly", "text": "Look at balance.", "match": "all", "severity": "danger",
        "in_header": "on", "in_diary": "on", "is_active": "on", "roles": ["clinician"],
        "condition-TOTAL_FORMS": "1", "condition-INITIAL_FORMS": "0",
        "condition-0-kind": "older", "condition-0-number": "65", "condition-0-compare": "least",
    }  # fmt: skip
    assert owner.get("/settings/rules/new/").status_code == 200
    wrong = owner.post("/settings/rules/new/", {**form, "condition-0-number": ""})
    assert (wrong.status_code, "needs a number" in wrong.text) == (422, True)
    assert owner.post("/settings/rules/new/", form).status_code == 302
    with tenant_scope(alpha):
        rule = Rule.objects.get(name="Elderly")
        assert rule.conditions == [{"kind": "older", "number": 65}]
    assert "is 65 or older" in owner.get("/settings/rules/").text
    assert owner.get(f"/settings/rules/{rule.pk}/").status_code == 200

    assert "Look at balance." in clinician.get(f"/patients/{ada.pk}/").text
    page = clinician.get(f"/patients/{ada.pk}/reminders/").text
    for words in ("Why am I seeing this?", "96 years old", "is 65 or older"):
        assert words in page
    with tenant_scope(alpha):
        prompt = Prompt.objects.get()
    settle = f"/reminders/{prompt.pk}/settle/"
    clinician.post(settle, {"action": "snooze", "until": "1/2/2050", "reason": "Next year"})
    assert "Next year" in clinician.get(f"/patients/{ada.pk}/reminders/").text
    clinician.post(f"/reminders/{prompt.pk}/reopen/")
    clinician.post(settle, {"action": "dismiss", "reason": "Known"})
    assert "Look at balance." not in clinician.get(f"/patients/{ada.pk}/").text
    assert owner.post(settle).status_code == 404  # it is not for owners
    owner.post(f"/settings/rules/{rule.pk}/switch/")
    assert "Switch on" in owner.get("/settings/rules/").text
    owner.post(f"/settings/rules/{rule.pk}/delete/")
    with tenant_scope(alpha):
        assert not Prompt.objects.exists()


def test_the_diarys_drawer_shows_it_too(alpha, sign_in, ada):
    from clinical.appointments.models import Appointment

    now = timezone.now()
    with tenant_scope(alpha):
        visit = Appointment.objects.create(
            patient=ada, starts_at=now, ends_at=now + timedelta(minutes=30)
        )
        rule = Rule.objects.create(
            name="Elderly", text="Look at balance.", conditions=[{"kind": "older", "number": 65}],
            roles=["clinician"], in_header=False, in_diary=True, is_active=True,
        )  # fmt: skip
        refresh_prompts([ada.pk], now=now, zone=ZONE, rules=[rule])
    clinician = sign_in(alpha, "clinician")

    from django.conf import settings
    from django.urls import reverse

    drawer = reverse("appointments:drawer", settings.CLINIC_URLCONF, kwargs={"pk": visit.pk})
    assert "Look at balance." in clinician.get(drawer).text
    assert "Look at balance." not in clinician.get(f"/patients/{ada.pk}/").text


def test_the_night_looks_at_everybody(committed, alpha):
    with tenant_scope(alpha):
        Patient.objects.create(family_name="North", date_of_birth="1930-01-01")
        Rule.objects.create(
            name="Elderly", text="x", conditions=[{"kind": "older", "number": 65}],
            roles=["clinician"], is_active=True,
        )  # fmt: skip

    refresh.apply(headers={TENANT_HEADER: alpha.pk}, throw=True)

    with tenant_scope(alpha):
        assert Prompt.objects.count() == 1


def test_a_record_with_all_of_it_opens_for_every_role(alpha, sign_in, ada):
    from clinical.patients.models import CoordinatorAssignment

    with tenant_scope(alpha):
        rule = Rule.objects.create(
            name="Elderly", text="Look at balance.", conditions=[{"kind": "older", "number": 65}],
            roles=["reception", "clinician"], is_active=True,
        )  # fmt: skip
        refresh_prompts([ada.pk], now=timezone.now(), zone=ZONE, rules=[rule])
        Allergy.objects.create(patient=ada, substance="Latex", severity="severe", changed_at=NOW)
    for role in ("owner", "admin", "clinician", "reception", "billing", "coordinator"):
        client = sign_in(alpha, role)
        with tenant_scope(alpha):
            CoordinatorAssignment.objects.create(user=client.person, patient=ada)
        answer = client.get(f"/patients/{ada.pk}/")
        reads = role in {"owner", "admin", "clinician"}
        assert (role, answer.status_code) == (role, 200)
        assert ("Severe allergy" in answer.text) is reads
        assert ("Look at balance." in answer.text) is (role in {"clinician", "reception"})
        assert client.get(f"/patients/{ada.pk}/reminders/").status_code == 200
