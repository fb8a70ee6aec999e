"""Past invoices: as they stood, with money right to the cent."""

from __future__ import annotations

from datetime import date

import pytest

from billing_integrations.invoices.models import PastInvoice
from clinical.patients.models import Patient
from tenants.scope import tenant_scope
from ui.wording import MINUS

pytestmark = pytest.mark.django_db(databases=["default", "platform"])


@pytest.fixture
def ada(alpha):
    with tenant_scope(alpha):
        return Patient.objects.create(given_names="Ada", family_name="North")


def _invoice(patient, **fields) -> PastInvoice:
    return PastInvoice.objects.create(patient=patient, **fields)


def test_the_list_adds_up(alpha, sign_in, ada):
    with tenant_scope(alpha):
        _invoice(ada, number="100", issued_on=date(2025, 1, 2), total_cents=123450, paid_cents=5)
        _invoice(ada, number="101", total_cents=-1000, paid_cents=None, status="Credited")
        _invoice(ada, number="102")

    page = sign_in(alpha, "billing").get(f"/patients/{ada.pk}/invoices/").text

    assert "$1,224.50" in page
    assert "$1,234.50" in page
    assert f"{MINUS}$10.00" in page
    assert "$0.05" in page
    assert "Credited" in page
    assert "1 has no total" in " ".join(page.split())


def test_an_invoice_shows_its_lines_as_they_came(alpha, sign_in, ada):
    lines = [
        {
            "description": "Consultation",
            "quantity": 2,
            "amount_cents": 15990,
            "raw": {"Item": "500"},
        },
        {"description": None, "amount_cents": "?"},
        "broken",
    ]
    with tenant_scope(alpha):
        invoice = _invoice(ada, number="100", lines=lines, source_note="Total not readable: abc")

    page = sign_in(alpha, "billing").get(f"/invoices/{invoice.pk}/").text

    assert "$159.90" in page
    assert "Item: 500" in page
    assert "Total not readable: abc" in page
    assert "Not known" in page


def test_a_clinician_sees_no_invoices(alpha, sign_in, ada):
    with tenant_scope(alpha):
        invoice = _invoice(ada, number="100")
    clinician = sign_in(alpha, "clinician")

    assert clinician.get(f"/patients/{ada.pk}/invoices/").status_code == 403
    assert clinician.get(f"/invoices/{invoice.pk}/").status_code == 403


def test_the_neighbours_invoice_is_not_found(alpha, beta, sign_in, ada):
    with tenant_scope(alpha):
        invoice = _invoice(ada, number="100")

    assert sign_in(beta, "owner").get(f"/invoices/{invoice.pk}/").status_code == 404
