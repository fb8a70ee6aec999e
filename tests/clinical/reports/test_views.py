from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook

from clinical.practice.models import Practitioner
from tenants.scope import tenant_scope

NINE = datetime(2026, 11, 1, 22, tzinfo=UTC)
ASKED = "?since=2026-11-01&until=2026-11-30"


@pytest.fixture
def month(alpha, patient, appointment):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name='=HYPERLINK("x")')
        appointment(NINE, patient=patient("Ada North"), practitioner=cleo)


def test_an_owner_reads_the_month(alpha, sign_in, month):
    page = sign_in(alpha, "owner").get(f"/reports/{ASKED}")

    assert page.status_code == 200
    assert "1 Nov 2026 to 30 Nov 2026" in page.text
    assert "Booked" in page.text


def test_without_a_period_it_is_the_running_month(alpha, sign_in):
    page = sign_in(alpha, "owner").get("/reports/")

    assert "Nothing in this period." in page.text


@pytest.mark.parametrize(
    "asked",
    ["?since=nonsense", "?since=2026-11-30&until=2026-11-01", "?since=2020-01-01&until=2026-01-01"],
)
def test_a_period_that_makes_no_sense_is_explained_beside_its_field(alpha, sign_in, asked):
    for path in ("", "report.xlsx", "report.pdf"):
        answer = sign_in(alpha, "owner").get(f"/reports/{path}{asked}")

        assert answer.status_code == 422
        assert "Enter a valid date" in answer.text or "report" in answer.text.lower()


def test_the_workbook_keeps_names_from_being_formulas(alpha, sign_in, month):
    answer = sign_in(alpha, "billing").get(f"/reports/report.xlsx{ASKED}")

    book = load_workbook(io.BytesIO(answer.content))
    names = [row[0].value for row in book["Clinicians"].iter_rows(min_row=5)]
    assert book.sheetnames[:2] == ["Attendance", "Clinicians"]
    assert names == ['\'=HYPERLINK("x")']
    assert book["Clinicians"]["B5"].value == 1


def test_the_pdf_is_one(alpha, sign_in, month):
    answer = sign_in(alpha, "owner").get(f"/reports/report.pdf{ASKED}")

    assert answer.content.startswith(b"%PDF-")
    assert "report-2026-11-01.pdf" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("role", ["reception", "clinician", "coordinator"])
def test_who_does_not_lead_reads_no_reports(alpha, sign_in, role):
    for path in ("", "report.xlsx", "report.pdf"):
        assert sign_in(alpha, role).get(f"/reports/{path}").status_code == 403


def test_the_neighbours_figures_are_not_in_it(alpha, beta, sign_in, month):
    assert "HYPERLINK" not in sign_in(beta, "owner").get(f"/reports/{ASKED}").text
