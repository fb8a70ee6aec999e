"""Treatment plans from the template to the closing, their visits, their reviews, and the paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from clinical.plans import selectors, services
from clinical.plans.models import GoalProgress, Plan, PlanGoal, PlanTemplate
from clinical.plans.services import GoalValue
from tenants.scope import act_as, current_scope, tenant_scope

pytestmark = pytest.mark.django_db(databases=["default"])
NOW = timezone.now()
TODAY = timezone.localdate()


@pytest.fixture
def clinician(in_alpha, person):
    return person("clinician")


@pytest.fixture
def template(clinician):
    services.add_standard_templates(actor=clinician)
    return PlanTemplate.objects.get(name="Low back pain")


@pytest.fixture
def active(clinician, patient, template):
    plan = services.start_plan(patient(), actor=clinician, today=TODAY, template=template)
    return services.activate_plan(plan, actor=clinician)


def test_a_plan_takes_over_what_its_template_says(active):
    assert (active.title, active.expected_visits, active.template_name) == (
        "Low back pain",
        8,
        "Low back pain, version 1",
    )
    assert active.ends_on == TODAY + timedelta(weeks=12)
    assert [(g.target, g.measure_code, g.due_on) for g in active.goals.all()] == [
        ("60 minutes", "", TODAY + timedelta(weeks=6)),
        ("Oswestry below 20 %", "odi", TODAY + timedelta(weeks=12)),
    ]


def test_a_template_keeps_its_versions_and_plans_stay_as_they_were(clinician, template, active):
    content = {name: getattr(template, name) for name in services.TEMPLATE_FIELDS}
    services.change_template(
        template, actor=clinician, seen=1, is_active=True, **{**content, "frequency": "Daily"}
    )

    template.refresh_from_db()
    assert (template.version, template.frequency) == (2, "Daily")
    assert [v.content["frequency"] for v in template.versions.all()] == [
        "Daily",
        content["frequency"],
    ]
    active.refresh_from_db()
    assert active.frequency == content["frequency"]
    with pytest.raises(services.PlanChangedError):
        services.change_template(template, actor=clinician, seen=1, is_active=True, **content)
    assert services.add_standard_templates(actor=clinician) == 0


def test_visits_are_counted_from_the_diary(clinician, active, appointment):
    from clinical.practice.models import Practitioner

    mira, other = (Practitioner.objects.create(name=name) for name in ("Mira", "Other"))
    facts = {"patient": active.patient}
    for days, status, who in (
        (-1, "completed", mira),  # before the plan began
        (0, "completed", mira),
        (0, "did_not_attend", mira),
        (0, "completed", other),
        (3, "booked", mira),
        (4, "cancelled", mira),
    ):
        appointment(
            NOW + timedelta(days=days, minutes=days), status=status, practitioner=who, **facts
        )

    assert selectors.counted(active) == selectors.Sessions(2, 1, 8)
    Plan.objects.update(practitioner=mira)
    assert selectors.counted(active) == selectors.Sessions(1, 1, 8)
    assert selectors.counted(active).left == 7


def test_progress_is_noted_on_either_scale_and_settles_the_goal(clinician, active):
    first, second = active.goals.all()
    services.note_progress(
        first, actor=clinician, scale="percent", value=100, noted_on=TODAY, state="achieved"
    )
    services.note_progress(
        second, actor=clinician, scale="gas", value=-1, noted_on=TODAY, note="Slow"
    )

    shown = selectors.goals_of(active)
    assert [(s.latest.words, s.percent, s.goal.state) for s in shown] == [
        ("100 %", 100, "achieved"),
        ("-1", 25, "active"),
    ]
    for scale, value in (("percent", 101), ("gas", 3)):
        with pytest.raises(services.PlanError):
            services.note_progress(first, actor=clinician, scale=scale, value=value, noted_on=TODAY)


def test_goals_are_changed_and_one_with_progress_is_not_deleted(clinician, active):
    first, second = active.goals.all()
    services.note_progress(first, actor=clinician, scale="percent", value=5, noted_on=TODAY)
    values = [GoalValue(text="Garden again", id=second.pk), GoalValue(text="Lift the child")]

    with pytest.raises(services.PlanError, match="has progress"):
        services.change_plan(active, actor=clinician, revision=1, fields={}, goals=values)


def test_the_second_of_two_editors_is_told(clinician, active):
    services.change_plan(active, actor=clinician, revision=1, fields={"title": "A"}, goals=[])

    with pytest.raises(services.PlanChangedError):
        services.change_plan(active, actor=clinician, revision=1, fields={"title": "B"}, goals=[])


def test_reviews_move_the_next_one_on_and_closing_ends_them(clinician, active):
    Plan.objects.update(review_on=TODAY - timedelta(days=3))
    assert selectors.due_reviews(clinician, today=TODAY) == [active]
    active.refresh_from_db()

    services.review_plan(
        active, actor=clinician, held_on=TODAY, summary="Good",
        next_review_on=TODAY + timedelta(weeks=6),
    )  # fmt: skip
    assert (active.state, selectors.due_reviews(clinician, today=TODAY)) == ("reviewed", [])

    services.close_plan(active, actor=clinician, closed_on=TODAY, outcome="Done")
    with pytest.raises(services.PlanError, match="closed"):
        services.review_plan(
            active, actor=clinician, held_on=TODAY, summary="x", next_review_on=None
        )
    assert services.reopen_plan(active, actor=clinician).state == "reviewed"


def test_a_draft_without_a_goal_is_not_started(clinician, patient):
    plan = services.start_plan(patient(), actor=clinician, today=TODAY)
    with pytest.raises(services.PlanError, match="no goal"):
        services.activate_plan(plan, actor=clinician)


def test_reception_neither_writes_nor_reads_not_even_by_sql(active, person):
    reception = person("reception")
    with pytest.raises(PermissionDenied):
        services.start_plan(active.patient, actor=reception, today=TODAY)

    act_as(replace(current_scope().actor, id=str(reception.pk), label="r"))
    assert (Plan.objects.count(), PlanGoal.objects.count()) == (0, 0)


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ada(alpha):
    from clinical.patients.models import Patient

    with tenant_scope(alpha):
        return Patient.objects.create(given_names="Ada", family_name="North")


def test_a_plan_is_lived_on_its_pages(alpha, sign_in, ada):
    client = sign_in(alpha, "clinician")
    client.post("/settings/plans/standard/")
    with tenant_scope(alpha):
        template = PlanTemplate.objects.get(name="Falls and balance")
    assert "No plan yet" in client.get(f"/patients/{ada.pk}/plans/").text

    edit = client.post(f"/patients/{ada.pk}/plans/new/", {"template": str(template.pk)}).headers[
        "Location"
    ]
    assert client.get(edit).status_code == 200
    with tenant_scope(alpha):
        plan = Plan.objects.get()
        goal = plan.goals.first()
    form = {
        "title": "Falls", "starts_on": "1/11/2026", "review_on": "2/11/2026", "review_weeks": "6",
        "revision": "0", "then": "start", "goal-TOTAL_FORMS": "2", "goal-INITIAL_FORMS": "1",
        "goal-0-id": str(goal.pk), "goal-0-text": "Walk to the shop", "goal-0-target": "500 m",
        "goal-1-text": "", "goal-1-target": "",
    }  # fmt: skip
    assert client.post(edit, {**form, "starts_on": "x"}).status_code == 422
    assert client.post(edit, form).status_code == 302
    page = f"/plans/{plan.pk}/"
    assert "Walk to the shop" in client.get(page).text
    assert "was due" in client.get(page).text
    assert "North, Ada" in client.get("/plans/due/").text

    note = f"/plans/goals/{goal.pk}/progress/"
    sent = {"scale": "percent", "noted_on": "2/11/2026", "state": "partly"}
    assert client.post(note, sent).status_code == 422
    assert client.post(note, {**sent, "percent": "40", "note": "Slowly"}).status_code == 302
    assert "40 %" in client.get(page).text
    assert client.post(f"{page}review/", {"summary": ""}).status_code == 422
    answer = client.post(
        f"{page}review/", {"summary": "Fine", "held_on": "3/11/2026", "next_review_on": "1/1/2027"}
    )
    assert answer.status_code == 302
    assert "Nothing to review" in client.get("/plans/due/").text
    pdf = client.get(f"{page}pdf/")
    assert pdf.content.startswith(b"%PDF-")
    client.post(f"{page}close/", {"outcome": "Well", "closed_on": "4/11/2026"})
    assert "Take up again" in client.get(page).text
    assert client.get(f"{page}edit/").status_code == 302
    client.post(f"{page}reopen/")
    assert "Review the plan" in client.get(page).text
    assert "Falls" in client.get(f"/patients/{ada.pk}/timeline/").text


def test_the_library_is_kept_on_its_pages(alpha, sign_in):
    client = sign_in(alpha, "owner")
    assert "No templates yet" in client.get("/settings/plans/").text
    form = {
        "name": "Ours", "review_weeks": "4", "is_active": "on", "goal-TOTAL_FORMS": "1",
        "goal-INITIAL_FORMS": "0", "goal-0-text": "Climb stairs", "goal-0-weeks": "6",
    }  # fmt: skip
    assert client.get("/settings/plans/new/").status_code == 200
    assert client.post("/settings/plans/new/", form).status_code == 302
    assert client.post("/settings/plans/new/", form).status_code == 422
    with tenant_scope(alpha):
        template = PlanTemplate.objects.get()
        assert template.goals == [{"text": "Climb stairs", "target": "", "measure": "", "weeks": 6}]
    page = f"/settings/plans/{template.pk}/"
    client.post(page, {**form, "name": "Ours, better", "seen": "1"})
    assert "Version 1" in client.get(page).text
    assert 'value="Ours"' in client.get(page, {"version": "1"}).text


def test_the_pages_cost_the_same_for_one_and_for_thirty(alpha, sign_in, ada):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = sign_in(alpha, "clinician")
    counts = []
    for many in (1, 30):
        with tenant_scope(alpha):
            for n in range(many):
                plan = Plan.objects.create(
                    patient=ada, title=f"P{n}", state="active", starts_on=TODAY, review_on=TODAY
                )
                goal = PlanGoal.objects.create(plan=plan, text="G")
                GoalProgress.objects.create(goal=goal, scale="gas", value=1, noted_on=TODAY)
                for _ in range(many):
                    goal = PlanGoal.objects.create(plan=plan, text="G")
        for page in (f"/patients/{ada.pk}/plans/", "/plans/due/", f"/plans/{plan.pk}/"):
            client.get(page)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(page).status_code == 200
            counts.append(len(caught))
    assert counts[:3] == counts[3:]
    assert max(counts) <= 40
