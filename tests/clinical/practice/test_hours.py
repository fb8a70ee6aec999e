from __future__ import annotations

from clinical.practice.models import Practitioner, RosterHours
from tenants.scope import tenant_scope


def week(*spans, initial: int = 0, **fields):
    """What the form of a clinician's week sends."""
    sent = {"hours-TOTAL_FORMS": str(len(spans)), "hours-INITIAL_FORMS": str(initial)}
    for number, span in enumerate(spans):
        sent |= {f"hours-{number}-{name}": value for name, value in span.items()}
    return sent | fields


def test_an_owner_sets_a_week_and_the_diary_shows_it(alpha, sign_in):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo Vane")
        Practitioner.objects.create(name="Dan Away")
    owner = sign_in(alpha, "owner")

    span = {"weekday": "0", "starts": "08:30", "ends": "12:00"}
    answer = owner.post(f"/settings/practice/clinicians/{cleo.pk}/hours/", week(span, {}))

    assert answer.status_code == 302
    found = owner.get("/appointments/diary/feed/?date=2026-11-23&until=2026-11-23").json()
    assert [(r["start"], r["end"]) for r in found["rosters"]] == [
        ("2026-11-23T08:30", "2026-11-23T12:00")
    ]
    assert [column["title"] for column in found["columns"]] == ["Cleo Vane"]


def test_a_span_is_taken_out(alpha, sign_in):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo Vane")
        span = RosterHours.objects.create(
            practitioner=cleo, weekday=1, starts="09:00", ends="17:00"
        )
    sent = {
        "id": str(span.pk), "weekday": "1", "starts": "09:00", "ends": "17:00", "DELETE": "on",
    }  # fmt: skip

    sign_in(alpha, "owner").post(
        f"/settings/practice/clinicians/{cleo.pk}/hours/", week(sent, initial=1)
    )

    with tenant_scope(alpha):
        assert not RosterHours.objects.exists()


def test_an_end_before_the_beginning_is_refused_beside_its_field(alpha, sign_in):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo Vane")

    answer = sign_in(alpha, "owner").post(
        f"/settings/practice/clinicians/{cleo.pk}/hours/",
        week({"weekday": "0", "starts": "12:00", "ends": "08:00"}),
    )

    assert answer.status_code == 422
    assert "not after the beginning" in answer.text


def test_reception_does_not_set_hours(alpha, sign_in):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo Vane")

    path = f"/settings/practice/clinicians/{cleo.pk}/hours/"
    assert sign_in(alpha, "reception").get(path).status_code == 403
