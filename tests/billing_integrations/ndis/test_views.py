"""The pages of claims, price limits and plan managers, as the people of a clinic use them."""

from __future__ import annotations

import io
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse as django_reverse

from billing_integrations.invoices.models import InvoiceMail
from billing_integrations.ndis.limits import RegionBook
from billing_integrations.ndis.models import ClaimBatch, PriceList
from clinical.contacts.models import Contact
from tenants.scope import tenant_scope
from tests.billing_integrations.ndis.conftest import (
    Billing,
    price_csv,
    price_row,
    results_csv,
)


def reverse(name, **named):
    return django_reverse(name, urlconf="config.urls_clinic", **named)


@pytest.fixture
def clinic(alpha):
    """Work inside the clinic for a moment: `with clinic() as billing`."""
    kept = []

    @contextmanager
    def inside():
        with tenant_scope(alpha):
            if not kept:
                kept.append(Billing())
            yield kept[0]

    return inside


def _file(content: bytes, name: str):
    kept = io.BytesIO(content)
    kept.name = name
    return {"file": kept}


def test_price_limits_are_loaded_looked_at_and_used(alpha, sign_in, clinic):
    owner = sign_in(alpha, "owner")
    content = price_csv(price_row(), price_row("nonsense"))

    empty = owner.get(reverse("ndis:settings"))
    wrong = owner.post(reverse("ndis:upload"), _file(b"a,b\n1,2", "x.csv"))
    loaded = owner.post(reverse("ndis:upload"), _file(content, "catalogue.csv"))
    page = owner.get(loaded.url)
    use = loaded.url + "use/"
    refused = owner.post(use, {"valid_from": "2025-07-01"})
    used = owner.post(use, {"valid_from": "2025-07-01", "may_leave_out": "on"})
    after = owner.get(reverse("ndis:settings"))

    assert "No price list yet" in empty.text
    assert (wrong.status_code, refused.status_code, used.status_code) == (422, 422, 302)
    assert "No row of headers was found" in wrong.text
    assert "Row 3: “nonsense” is no support item number" in page.text
    assert "tick the box" in refused.text
    assert "Holds now" in after.text
    with clinic():
        assert PriceList.objects.get().state == PriceList.State.IN_USE


def test_regions_are_set_by_location(alpha, sign_in, clinic):
    with clinic() as billing:
        field = f"location-{billing.place.pk}"
    owner = sign_in(alpha, "owner")

    answer = owner.post(reverse("ndis:regions"), {"usual": "QLD", field: "remote"})

    assert answer.status_code == 302
    with tenant_scope(alpha):
        assert RegionBook.read().region_of(billing.place.pk) == "remote"
    assert sign_in(alpha, "billing").post(reverse("ndis:regions"), {}).status_code == 403


def test_a_claim_goes_out_and_its_answer_comes_back(alpha, sign_in, clinic):
    with clinic() as billing:
        billing.prices()
        ada = billing.participant()
        line = billing.invoice(ada).lines.get()
        billing.invoice(billing.participant("Bea South", number=""))
    person = sign_in(alpha, "billing")

    page = person.get(reverse("ndis:claims"))
    nothing = person.post(reverse("ndis:make"), {})
    made = person.post(reverse("ndis:make"), {"line": [str(line.pk)]})
    batch = made.url
    first, second = person.get(batch + "download/"), person.get(batch + "download/")
    person.post(batch + "sent/")
    reference = f"{line.invoice.number}-1"
    answered = person.post(
        reverse("ndis:answers"),
        _file(results_csv((reference, "SUCCESSFUL", "158.12"), ("X-9", "ERROR", "")), "r.csv"),
    )
    shown = person.get(answered.url)
    batch_page = person.get(batch)
    invoice_page = person.get(reverse("invoices:detail", kwargs={"pk": line.invoice_id}))

    assert "Make the file" in page.text
    assert "The participant has no NDIS number" in page.text
    assert (nothing.status_code, made.status_code, answered.status_code) == (422, 302, 302)
    assert first.content == second.content
    assert first["Content-Disposition"] == 'attachment; filename="ndis-000001.csv"'
    assert first.content.startswith(b"RegistrationNumber,")
    assert "X-9" in shown.text
    assert "Answered" in batch_page.text
    assert "ndis-000001.csv" in invoice_page.text
    assert "ndis-000001.csv" in person.get(reverse("ndis:batches")).text


def test_whoever_has_no_invoices_makes_no_claims(alpha, sign_in, clinic):
    with clinic() as billing:
        billing.prices()
        line = billing.invoice(billing.participant()).lines.get()
    clinician = sign_in(alpha, "clinician")

    assert sign_in(alpha, "reception").get(reverse("ndis:claims")).status_code == 200
    assert clinician.post(reverse("ndis:make"), {"line": [str(line.pk)]}).status_code == 403
    assert clinician.get(reverse("ndis:claims")).status_code == 403
    with tenant_scope(alpha):
        assert not ClaimBatch.objects.exists()


def test_the_lists_ask_as_much_for_many_lines_as_for_one(alpha, sign_in, clinic):
    with clinic() as billing:
        billing.prices()
        manager = Contact.objects.create(
            name="Lantern Plans", kind="plan_manager", email="in@lantern.example"
        )
        billing.invoice(billing.participant())
        billing.invoice(
            billing.participant("Plan Managed", management="plan"), payer="contact", contact=manager
        )
    person, counts = sign_in(alpha, "billing"), []

    for round_number in range(2):
        for name in ("ndis:claims", "ndis:plan_managers"):
            with CaptureQueriesContext(connection) as asked:
                assert person.get(reverse(name)).status_code == 200
            counts.append(len(asked))
        if round_number == 0:
            with clinic() as billing:
                for number in range(6):
                    billing.invoice(billing.participant(f"Person {number}"), {}, {})
                    billing.invoice(
                        billing.participant(f"Managed {number}", management="plan"),
                        payer="contact", contact=manager,
                    )  # fmt: skip

    assert counts[:2] == counts[2:]
    assert max(counts) <= 40


def test_plan_managers_get_each_invoice_once(alpha, sign_in, clinic):
    with clinic() as billing:
        manager = Contact.objects.create(
            name="Lantern Plans", kind="plan_manager", email="in@lantern.example"
        )
        invoices = [
            billing.invoice(
                billing.participant(name, management="plan"), payer="contact", contact=manager
            )
            for name in ("Ada North", "Bea South")
        ]
    person = sign_in(alpha, "billing")
    send = reverse("ndis:send", kwargs={"pk": manager.pk})

    before = person.get(reverse("ndis:plan_managers"))
    person.post(send, {"invoice": [str(invoices[0].pk), "nonsense"]})
    person.post(send, {"invoice": [str(one.pk) for one in invoices]})
    again = person.post(send, {"invoice": [str(invoices[0].pk)]}, follow=True)

    assert "Lantern Plans" in before.text
    assert "not sent" in before.text
    with tenant_scope(alpha):
        mails = InvoiceMail.objects.order_by("pk").values_list("invoice", "address")
        assert list(mails) == [(one.pk, "in@lantern.example") for one in invoices]
    assert "Choose at least one invoice" in again.text
    assert "On its way" in again.text


def test_an_empty_clinic_is_told_what_comes_here(alpha, sign_in):
    person = sign_in(alpha, "billing")

    for name, words in (
        ("ndis:claims", "Nothing to claim"),
        ("ndis:batches", "No files yet"),
        ("ndis:answers", "No answers yet"),
        ("ndis:plan_managers", "Nothing is open with plan managers"),
    ):
        assert words in person.get(reverse(name)).text
