from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from clinical.notices.models import Notice
from clinical.reports import links, selectors, tasks, writing
from clinical.reports.forms import Span
from clinical.reports.models import ReportFile, SavedReport
from tenants.scope import tenant_scope
from tenants.storage import clinic_storage
from tenants.tasks import TENANT_HEADER

ASKED = {"since": "2026-11-01", "until": "2026-11-30"}


@pytest.mark.usefixtures("committed")
def test_a_large_report_is_written_told_of_taken_once_by_its_person_and_deleted(
    alpha, sign_in, monkeypatch
):
    from clinical.patients.models import Patient

    sent = []
    monkeypatch.setattr(tasks.write, "delay", sent.append)
    monkeypatch.setattr(selectors, "LARGE", -1)
    owner, other = sign_in(alpha, "owner"), sign_in(alpha, "admin")
    with tenant_scope(alpha):
        Patient.objects.create(
            family_name="Ends", plan_end=timezone.localdate() + timedelta(days=3)
        )

    assert "Write Excel" in owner.get("/reports/", ASKED).text
    assert owner.get("/reports/report.xlsx", ASKED).status_code == 302
    assert owner.post("/reports/files/make/", {**ASKED, "format": "xlsx"}).status_code == 302
    assert owner.post("/reports/files/make/", {**ASKED, "format": "doc"}).status_code == 302
    (pk,) = sent
    assert "Waiting" in owner.get("/reports/files/").text
    for _ in range(2):
        tasks.write.apply([pk], headers={TENANT_HEADER: alpha.pk})

    with tenant_scope(alpha):
        file = ReportFile.objects.get()
        assert (file.state, file.problem) == ("ready", "")
        told = Notice.objects.get()
        token = links.sign_link(file, actor=owner.person)
    assert (told.user_id, told.kind) == (owner.person.pk, "file")
    assert "Download" in owner.get(f"/reports/files/{pk}/progress/").text
    answer = owner.get(f"/reports/files/{pk}/{token}/")
    book = load_workbook(io.BytesIO(answer.getvalue()))
    assert book.sheetnames == [
        "Attendance", "Clinicians", "New patients", "Funding", "Recalls due",
        "Plans that end soon", "Referrals that run out",
    ]  # fmt: skip
    assert book["Plans that end soon"]["A5"].value == "Ends"
    assert owner.get(f"/reports/files/{pk}/forged/").status_code == 302
    for path in (f"{token}/", "progress/"):
        assert other.get(f"/reports/files/{pk}/{path}").status_code == 404
    with tenant_scope(alpha):
        key = ReportFile.objects.get().storage_key
        assert writing.tidy(now=datetime.now(UTC) + timedelta(days=8)) == 1
        assert clinic_storage().size_or_none(key) is None
    assert owner.get(f"/reports/files/{pk}/{token}/").status_code == 404


def test_a_report_is_kept_by_name_with_its_moving_days(alpha, sign_in):
    owner, other = sign_in(alpha, "owner"), sign_in(alpha, "billing")

    kept = owner.post("/reports/saved/", {"span": "last_month", "name": "Board"})

    assert kept["Location"] == "/reports/?span=last_month"
    assert "Delete “Board”" in owner.get(kept["Location"]).text
    assert "Board" not in other.get("/reports/").text
    owner.post("/reports/saved/", {**ASKED, "name": ""})
    with tenant_scope(alpha):
        saved = SavedReport.objects.get()
    assert saved.asked == {"span": "last_month"}
    assert other.post(f"/reports/saved/{saved.pk}/delete/").status_code == 404
    assert owner.post(f"/reports/saved/{saved.pk}/delete/").status_code == 302


def test_moving_days_follow_the_calendar():
    today = date(2026, 3, 31)

    assert {span.value: [str(day) for day in span.days(today)] for span in Span if span} == {
        "this_month": ["2026-03-01", "2026-03-31"],
        "last_month": ["2026-02-01", "2026-02-28"],
        "last_30_days": ["2026-03-02", "2026-03-31"],
        "this_quarter": ["2026-01-01", "2026-03-31"],
        "financial_year": ["2025-07-01", "2026-03-31"],
        "last_financial_year": ["2024-07-01", "2025-06-30"],
    }
    assert Span.FINANCIAL_YEAR.days(date(2026, 7, 1))[0] == date(2026, 7, 1)


def test_a_file_whose_worker_has_gone_is_given_up(in_alpha, person):
    owner = person("owner")
    now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    for minutes in (5, 20):
        ReportFile.objects.create(
            user=owner, format="pdf", first=now.date(), last=now.date(), words="x",
            state="writing", created_at=now - timedelta(minutes=30),
            heartbeat_at=now - timedelta(minutes=minutes),
        )  # fmt: skip

    writing.tidy(now=now)

    assert sorted(ReportFile.objects.values_list("state", flat=True)) == ["failed", "writing"]
