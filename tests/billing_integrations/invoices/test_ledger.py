"""Whatever is done in whatever order, the ledger balances and says what the invoices say."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_integrations.invoices import services
from billing_integrations.invoices.models import (
    Allocation,
    CreditNote,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    NumberSeries,
    Payment,
    Posting,
    Refund,
    WriteOff,
)
from billing_integrations.invoices.payers import Payer
from billing_integrations.invoices.services.issuing import credit_all
from clinical.patients.models import Patient
from clinical.patients.summaries import summary_of

pytestmark = pytest.mark.django_db

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("issue", "issue", "pay", "pay", "credit", "use", "refund", "write_off"),
                *("void", "void_payment", "undo_share", "undo_refund", "undo_write_off"),
            ]
        ),
        st.integers(0, 6),
        st.integers(1, 30_000),
    ),
    min_size=4,
    max_size=14,
)


class _Clinic:
    """Does what it is told, and takes a refusal for an answer."""

    def __init__(self, desk) -> None:
        self.desk = desk
        other = Patient.objects.create(given_names="Bo", family_name="South")
        self.owing = [
            {},
            {"payer": Payer("contact", desk.manager)},
            {"patient": other},
            {"patient": other, "payer": Payer("contact", desk.manager)},
            {"payer": Payer("ndia")},
        ]

    def do(self, verb: str, which: int, cents: int) -> None:
        try:
            with transaction.atomic():
                getattr(self, verb)(which, cents)
        except services.InvoiceError:
            pass

    def _pick(self, model, which: int, **wanted):
        rows = list(model.objects.filter(**wanted).order_by("pk"))
        if not rows:
            raise services.InvoiceError("There is none.")
        return rows[which % len(rows)]

    def _asked(self) -> dict[str, object]:
        return {"actor": self.desk.actor, "on": self.desk.today}

    def issue(self, which, cents):
        self.desk.issued(cents, cents // 3, **self.owing[which % len(self.owing)])

    def pay(self, which, cents):
        services.record_payment(self._pick(Invoice, which), cents, method="card", **self._asked())

    def credit(self, which, cents):
        invoice = self._pick(Invoice, which)
        shares = {pk: min(left, cents) for pk, left in credit_all(invoice).items()}
        services.credit_invoice(invoice, shares, reason="Too much", **self._asked())

    def _source(self, which):
        return self._pick(Payment if which % 2 else CreditNote, which)

    def use(self, which, cents):
        invoice = self._pick(Invoice, which, state__in=Invoice.OPEN_STATES)
        source = self._source(which)
        cents = min(cents, source.left_cents, invoice.open_cents)
        services.use_credit(source, invoice, cents, **self._asked())

    def refund(self, which, cents):
        source = self._source(which)
        services.refund(source, min(cents, source.left_cents), method="cash", **self._asked())

    def write_off(self, which, _cents):
        services.write_off(self._pick(Invoice, which), reason="Gone", **self._asked())

    def void(self, which, _cents):
        services.void_invoice(self._pick(Invoice, which), reason="Wrong", **self._asked())

    def void_payment(self, which, _cents):
        services.void_payment(self._pick(Payment, which), reason="Wrong", **self._asked())

    def undo_share(self, which, _cents):
        services.take_back_allocation(self._pick(Allocation, which), **self._asked())

    def undo_refund(self, which, _cents):
        services.take_back_refund(self._pick(Refund, which), **self._asked())

    def undo_write_off(self, which, _cents):
        services.take_back_write_off(self._pick(WriteOff, which), **self._asked())


def _sum(rows, column: str) -> int:
    return rows.aggregate(sum=Sum(column))["sum"] or 0


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=_STEPS)
def test_any_sequence_of_verbs_leaves_the_ledger_in_balance(desk, steps):
    with transaction.atomic():
        clinic = _Clinic(desk)
        for step in steps:
            clinic.do(*step)

        assert _sum(Posting.objects.all(), "cents") == 0
        for owing in clinic.owing:
            payer = owing.get("payer", Payer())
            patient = owing.get("patient", desk.patient)
            whose = {"payer_kind": payer.kind, "contact": payer.contact, "patient": patient}
            invoices = Invoice.objects.filter(state__in=Invoice.OPEN_STATES, **whose)
            payments = Payment.objects.filter(voided_at=None, **whose)
            notes = CreditNote.objects.filter(**whose)
            credit = _sum(payments, "left_cents") + _sum(notes, "left_cents")
            postings = Posting.objects.filter(account__in=["receivable", "credit"], **whose)
            assert _sum(postings, "cents") == _sum(invoices, "open_cents") - credit
            if not payer.contact and payer.kind == "patient":
                balance = summary_of(patient.pk).balance_cents
                assert balance == _sum(invoices, "open_cents") - credit
        serials = list(
            Invoice.objects.exclude(serial=None).order_by("serial").values_list("serial")
        )
        assert [serial for (serial,) in serials] == list(range(1, len(serials) + 1))
        transaction.set_rollback(True)  # the next example begins anew


def _refused(sql: str, *values: object) -> None:
    refusal = pytest.raises(IntegrityError)
    with refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_the_database_itself_keeps_what_was_issued_and_posted(desk):
    invoice = desk.issued(12_000)
    draft = desk.draft(5_000)
    entry = LedgerEntry.objects.get()
    line = InvoiceLine.objects.get(invoice=draft)

    for sql in (
        "UPDATE invoices_invoice SET total_cents = 1 WHERE id = %s",
        "UPDATE invoices_invoice SET payer_name = 'Somebody' WHERE id = %s",
        "UPDATE invoices_invoice SET state = 'draft' WHERE id = %s",
        "UPDATE invoices_invoice SET paid_cents = 99999999 WHERE id = %s",
        "UPDATE invoices_invoice SET state = 'paid' WHERE id = %s",
        "UPDATE invoices_invoiceline SET description = 'Other' WHERE invoice_id = %s",
        "DELETE FROM invoices_invoiceline WHERE invoice_id = %s",
        "DELETE FROM invoices_invoice WHERE id = %s",
    ):
        _refused(sql, invoice.pk)
    for sql in (
        "UPDATE invoices_ledgerentry SET entered_by = 'Nobody' WHERE id = %s",
        "UPDATE invoices_posting SET cents = cents + 1 WHERE entry_id = %s",
        "DELETE FROM invoices_posting WHERE entry_id = %s",
        "DELETE FROM invoices_ledgerentry WHERE id = %s",
    ):
        _refused(sql, entry.pk)
    _refused("UPDATE invoices_invoiceline SET invoice_id = %s WHERE id = %s", invoice.pk, line.pk)
    _refused("UPDATE invoices_invoiceline SET total_cents = 7 WHERE id = %s", line.pk)


def test_an_entry_that_does_not_balance_is_refused(desk):
    entry = LedgerEntry.objects.create(kind="invoice", entered_on=desk.today)
    sides = [
        Posting(entry=entry, account=account, cents=cents, payer_kind="patient")
        for account, cents in (("bank", 5), ("credit", -4))
    ]

    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        Posting.objects.bulk_create(sides)
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        sides[0].save()

    assert not Posting.objects.exists()


def test_a_number_that_was_not_used_is_taken_by_the_next(desk):
    with transaction.atomic():
        desk.issued(100)
        transaction.set_rollback(True)

    assert desk.issued(100).number == "INV-000001"
    assert NumberSeries.objects.get(kind="invoice").last_serial == 1
