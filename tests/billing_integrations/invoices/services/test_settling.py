"""Money in and out: shares, credit, refunds, write-offs, and what takes each of them back."""

from __future__ import annotations

import pytest

from billing_integrations.invoices.models import Invoice, Payment
from billing_integrations.invoices.payers import Payer
from billing_integrations.invoices.services import (
    NotADraftError,
    OtherPayerError,
    StillSettledError,
    TooMuchError,
    receive_payment,
    record_payment,
    refund,
    take_back_refund,
    take_back_write_off,
    use_credit,
    void_invoice,
    void_payment,
    write_off,
)

pytestmark = pytest.mark.django_db

State = Invoice.State


def _state(invoice: Invoice) -> tuple[str, int]:
    invoice.refresh_from_db()
    return invoice.state, invoice.open_cents


def test_a_payment_settles_part_then_all_of_an_invoice(desk):
    invoice = desk.issued(12_000)

    record_payment(invoice, 5_000, **desk.by_card)
    assert _state(invoice) == (State.PART_PAID, 7_000)
    record_payment(invoice, 7_000, **desk.by_card)

    assert _state(invoice) == (State.PAID, 0)


def test_what_an_invoice_does_not_need_is_credit_for_the_next(desk):
    first, second = desk.issued(5_000), desk.issued(4_000)

    payment = record_payment(first, 8_000, **desk.by_card)
    payment.refresh_from_db()
    assert payment.left_cents == 3_000
    use_credit(payment, second, 3_000, actor=desk.actor, on=desk.today)

    assert _state(second) == (State.PART_PAID, 1_000)


def test_one_payment_is_shared_over_several_invoices(desk):
    payer = Payer("contact", desk.manager)
    first, second = desk.issued(5_000, payer=payer), desk.issued(4_000, payer=payer)

    receive_payment(
        9_500,
        payer_kind="contact",
        contact=desk.manager,
        patient=None,
        shares={first.pk: 5_000, second.pk: 4_000},
        **desk.by_card,
    )

    assert [_state(first), _state(second)] == [(State.PAID, 0), (State.PAID, 0)]


def test_money_of_one_payer_does_not_settle_the_invoice_of_another(desk):
    mine, theirs = desk.issued(5_000), desk.issued(5_000, payer=Payer("contact", desk.manager))
    payment = record_payment(mine, 9_000, **desk.by_card)

    with pytest.raises(OtherPayerError):
        use_credit(payment, theirs, 1_000, actor=desk.actor, on=desk.today)

    assert _state(theirs) == (State.ISSUED, 5_000)


def test_an_external_payment_comes_once_however_often_it_is_told(desk):
    invoice = desk.issued(12_000)
    told = {"on": desk.today, "method": "xero", "external_id": "payment-1"}

    first = record_payment(invoice, 12_000, **told)
    again = record_payment(invoice, 12_000, **told)

    assert first == again
    assert Payment.objects.count() == 1
    assert _state(invoice) == (State.PAID, 0)


def test_a_draft_takes_no_payment(desk):
    with pytest.raises(NotADraftError):
        record_payment(desk.draft(), 100, **desk.by_card)


def test_more_than_came_in_cannot_be_shared_out(desk):
    invoice = desk.issued(12_000)

    with pytest.raises(TooMuchError):
        receive_payment(
            100,
            payer_kind="patient",
            contact=None,
            patient=desk.patient,
            shares={invoice.pk: 200},
            **desk.by_card,
        )

    assert not Payment.objects.exists()


def test_a_payment_taken_back_leaves_its_invoices_owing(desk):
    invoice = desk.issued(12_000)
    payment = record_payment(invoice, 12_000, **desk.by_card)

    void_payment(payment, actor=desk.actor, reason="Cheque bounced", on=desk.today)

    assert _state(invoice) == (State.ISSUED, 12_000)


def test_a_refunded_payment_is_not_taken_back_before_the_refund_is(desk):
    invoice = desk.issued(5_000)
    payment = record_payment(invoice, 8_000, **desk.by_card)
    given = refund(payment, 3_000, **desk.by_card)

    with pytest.raises(StillSettledError):
        void_payment(payment, actor=desk.actor, reason="Wrong", on=desk.today)
    take_back_refund(given, actor=desk.actor, on=desk.today)
    void_payment(payment, actor=desk.actor, reason="Wrong", on=desk.today)

    assert _state(invoice) == (State.ISSUED, 5_000)


def test_more_than_the_credit_is_not_refunded(desk):
    payment = record_payment(desk.issued(5_000), 8_000, **desk.by_card)

    with pytest.raises(TooMuchError, match=r"\$30\.00"):
        refund(payment, 3_001, **desk.by_card)


def test_a_write_off_settles_and_can_be_taken_back(desk):
    invoice = desk.issued(12_000)
    record_payment(invoice, 2_000, **desk.by_card)

    made = write_off(invoice, actor=desk.actor, reason="Gone away", on=desk.today)
    assert _state(invoice) == (State.PAID, 0)
    with pytest.raises(StillSettledError):
        void_invoice(invoice, actor=desk.actor, reason="Wrong", on=desk.today)
    take_back_write_off(made, actor=desk.actor, on=desk.today)

    assert _state(invoice) == (State.PART_PAID, 10_000)
