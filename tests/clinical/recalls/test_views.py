from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from clinical.practice.models import AppointmentType, Practitioner
from clinical.recalls.models import Recall, RecallType
from tenants.scope import tenant_scope


def test_a_recall_is_set_up_added_called_and_booked(alpha, sign_in, patient):
    owner, robin = sign_in(alpha, "owner"), sign_in(alpha, "reception")
    with tenant_scope(alpha):
        ada, kim = patient(phone="0491 570 006"), Practitioner.objects.create(name="Kim")
        review = AppointmentType.objects.create(name="Review")
    fields = {"name": "Review after six months", "months": "6", "early_days": "42",
              "appointment_type": str(review.pk), "is_active": "on"}  # fmt: skip
    assert "Recalls need a reason first" in robin.get(f"/patients/{ada.pk}/recalls/").text
    assert robin.post("/settings/recalls/new/", fields).status_code == 403
    assert owner.post("/settings/recalls/new/", {**fields, "months": "99"}).status_code == 422
    assert owner.post("/settings/recalls/new/", fields).status_code == 302
    with tenant_scope(alpha):
        kind = RecallType.objects.get()

    today = timezone.localdate()
    wanted = {"kind": str(kind.pk), "due_on": today.isoformat(), "practitioner": str(kim.pk)}
    assert robin.post(f"/patients/{ada.pk}/recalls/", wanted).status_code == 302
    assert robin.post(f"/patients/{ada.pk}/recalls/", wanted).status_code == 422
    with tenant_scope(alpha):
        recall = Recall.objects.get()

    listed = robin.get("/recalls/").text
    assert "Ada North" in listed
    assert f"/appointments/new/?patient={ada.pk}&amp;practitioner={kim.pk}" in listed
    page = f"/recalls/{recall.pk}/"
    said = {"way": "phone", "outcome": "no_answer", "hide_days": "3", "go_on": "1"}
    assert robin.post(f"{page}contact/", said)["Location"] == "/recalls/"
    assert robin.post(f"{page}contact/", {**said, "outcome": "shouted"}).status_code == 422
    assert "Ada North" not in robin.get("/recalls/").text
    assert "Ada North" in robin.get("/recalls/?show=hidden").text
    assert "No answer" in robin.get(page).text
    day = datetime.now(UTC) + timedelta(days=3)
    booked = robin.post(
        "/appointments/new/",
        {"patient": str(ada.pk), "date": day.date().isoformat(), "time": "10:00", "minutes": "30",
         "appointment_type": str(review.pk)},
    )  # fmt: skip
    assert booked.status_code == 302
    assert "Ada North" in robin.get("/recalls/?show=booked").text
    assert robin.post(f"{page}reopen/").status_code == 302
    assert robin.post(f"{page}change/", {"due_on": "2027-01-01", "note": "x"}).status_code == 302
    with tenant_scope(alpha):
        assert Recall.objects.get().due_on.isoformat() == "2027-01-01"
