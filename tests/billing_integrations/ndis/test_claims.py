"""From an issued invoice to the NDIA and back: claimed once, paid once, rejected lines claimed anew."""

from __future__ import annotations

import pytest

from billing_integrations.invoices.hooks import warnings_of
from billing_integrations.invoices.models import Invoice, Payment
from billing_integrations.invoices.services import InvoiceError, void_invoice
from billing_integrations.ndis import services
from billing_integrations.ndis.claim_rows import ClaimRow
from billing_integrations.ndis.models import ClaimBatch, ClaimLine, ResultsFile
from billing_integrations.ndis.selectors import Candidate, claims_of_invoice, to_claim
from billing_integrations.ndis.tables import TableError
from tests.billing_integrations.ndis.conftest import ITEM

CENTS = 15_812


@pytest.fixture
def ready(billing):
    """Two lines that can be claimed."""
    billing.prices()
    ada, bea = billing.participant(), billing.participant("Bea South")
    billing.first = billing.invoice(ada)
    billing.second = billing.invoice(bea, {"claim_type": "THLT"})
    return billing


def _states(batch):
    return list(batch.lines.order_by("position").values_list("state", flat=True))


def test_what_is_ready_becomes_a_file_and_is_not_claimed_again(ready):
    (batch,) = ready.claim()

    cells = [line.split(",") for line in batch.content.splitlines()[1:]]
    day = ready.day(-7).isoformat()
    assert cells == [
        ["405000123", "430000001", day, day, ITEM, f"{ready.first.number}-1", "0.83", "", "190.50",
         "P2", "", "", "", "", "", "51824753556"],
        ["405000123", "430000002", day, day, ITEM, f"{ready.second.number}-1", "0.83", "", "190.50",
         "P2", "", "", "", "THLT", "", "51824753556"],
    ]  # fmt: skip
    assert (batch.rows_count, batch.total_cents, batch.created_by) == (2, 2 * CENTS, "Bill")
    assert to_claim(ready.today).candidates == []
    with pytest.raises(services.NothingToClaimError):
        ready.claim(ready.first.lines.get())
    with pytest.raises(services.NotReadyError):  # the constraint behind it
        services.claims._make_batch([_candidate_again(batch)], actor=ready.actor, at=ready.now)


def _candidate_again(batch):
    claim = batch.lines.first()
    row = ClaimRow("405000123", "430000001", claim.line.service_date, ITEM, "OTHER-1", 83, 19_050,
                   "P2", "", "", "51824753556")  # fmt: skip
    return Candidate(claim.line, row, [], None)


def test_a_file_holds_no_more_rows_than_the_portal_takes(ready, monkeypatch):
    monkeypatch.setattr(services.claims, "MOST_ROWS", 1)

    made = ready.claim()

    assert [(batch.file_name, batch.rows_count) for batch in made] == [
        ("ndis-000001.csv", 1), ("ndis-000002.csv", 1),
    ]  # fmt: skip


def test_a_file_may_be_withdrawn_until_it_is_sent(ready):
    (batch,) = ready.claim()
    services.withdraw_batch(batch, actor=ready.actor, at=ready.now)
    (again,) = ready.claim()
    services.mark_sent(again, actor=ready.actor, at=ready.now)

    assert again.lines.get(position=1).reference == f"{ready.first.number}-1-R2"
    with pytest.raises(services.BatchStateError):
        services.withdraw_batch(again, actor=ready.actor, at=ready.now)
    services.note_refusal(again, actor=ready.actor, at=ready.now, reason="Wrong header")
    assert _states(again) == ["rejected", "rejected"]
    assert [one.earlier.reason for one in to_claim(ready.today).ready] == ["Wrong header"] * 2


def test_what_has_a_problem_waits_and_says_what_to_do(billing):
    billing.prices()
    no_number = billing.participant(number="")
    late = billing.participant("Late Cancel")
    visit = billing.visit(late, status="late_cancellation")
    billing.invoice(no_number, {"unit_cents": 19_051})
    cancelled = billing.invoice(late, {"appointment": visit})
    billing.invoice(billing.participant("Plan Managed", management="plan"))

    words = [
        " ".join(one.words for one in candidate.problems)
        for candidate in to_claim(billing.today).blocked
    ]
    services.set_claim_detail(
        cancelled.lines.get(), actor=billing.actor, claim_type="CANC", cancellation_reason="NSDT"
    )

    assert len(words) == 3
    assert all(
        any(part in said for said in words)
        for part in ("no NDIS number", "above the limit of $190.50", "Say why", "plan-managed")
    )
    (batch,) = billing.claim()
    assert ",CANC,NSDT," in batch.content
    with pytest.raises(services.NotReadyError):
        services.set_claim_detail(
            cancelled.lines.get(), actor=billing.actor, claim_type="", cancellation_reason=""
        )


def test_a_draft_is_looked_over_before_it_goes_out(billing):
    billing.prices()
    ada = billing.participant()
    charges = [
        {"unit_cents": 20_000},
        {"code": "15_999_0128_1_3"},
        {"service_date": billing.day(-101)},
        {"code": "PHYSIO", "unit_cents": 99_999},
    ]

    said = warnings_of(billing.invoice(ada, *charges, issued=False))

    assert [words.split(" ")[0] for words in said] == ["15_901_0128_1_3:", "15_999_0128_1_3", "No"]
    assert warnings_of(billing.invoice(ada, *charges)) == []


def test_an_invoice_the_ndia_is_asked_to_pay_cannot_become_void(ready):
    (batch,) = ready.claim()

    with pytest.raises(InvoiceError, match=r"ndis-000001\.csv"):
        void_invoice(ready.first, actor=ready.actor, reason="x", on=ready.today)
    services.withdraw_batch(batch, actor=ready.actor, at=ready.now)
    void_invoice(ready.first, actor=ready.actor, reason="x", on=ready.today)
    assert [one.line.invoice_id for one in to_claim(ready.today).ready] == [ready.second.pk]


def test_an_answer_pays_rejects_and_lists_what_nobody_knows_and_twice_is_once(ready):
    (batch,) = ready.claim()
    paid, refused = batch.lines.order_by("position")
    rows = [
        (paid.reference, "SUCCESSFUL", "158.12"),
        (refused.reference, "ERROR", "", "Insufficient funds in the plan"),
        ("ELSEWHERE-1", "SUCCESSFUL", "10.00"),
    ]

    first, second = ready.answer(*rows), ready.answer(*rows)

    ready.first.refresh_from_db()
    payment = Payment.objects.get()
    assert (ready.first.state, ready.first.open_cents) == (Invoice.State.PAID, 0)
    assert (payment.cents, payment.method, payment.external_id) == (
        CENTS, "ndia", f"ndis:{paid.reference}",
    )  # fmt: skip
    assert (first.paid_count, first.paid_cents, first.rejected_count) == (1, CENTS, 1)
    assert (second.paid_count, second.rejected_count, second.unchanged_count) == (0, 0, 2)
    assert first.unknown == [{"row": 4, "reference": "ELSEWHERE-1", "cents": 1000}]
    assert _states(batch) == ["paid", "rejected"]
    assert ClaimBatch.objects.get().state == ClaimBatch.State.ANSWERED
    (again,) = to_claim(ready.today).ready
    assert (again.line.invoice_id, again.earlier.reason) == (
        ready.second.pk, "Insufficient funds in the plan",
    )  # fmt: skip
    assert [one.state for one in claims_of_invoice(ready.first)] == ["paid"]


def test_less_than_claimed_stays_owed_and_says_so(ready):
    (batch,) = ready.claim()
    claim = batch.lines.get(position=1)

    ready.answer((claim.reference, "Paid", "$150.00"))

    claim.refresh_from_db()
    ready.first.refresh_from_db()
    assert (claim.state, claim.paid_cents) == ("paid", 15_000)
    assert "$150.00 of $158.12 is paid" in claim.reason
    assert (ready.first.state, ready.first.open_cents) == (Invoice.State.PART_PAID, 812)
    assert ClaimBatch.objects.get().state == ClaimBatch.State.SENT  # the other row still waits


def test_answers_that_contradict_what_is_known_are_left_to_a_person(ready):
    (batch,) = ready.claim()
    one, two = (claim.reference for claim in batch.lines.order_by("position"))
    ready.answer((one, "Paid", "158.12"), (two, "Rejected", ""))
    ready.claim()

    read = ready.answer(
        (one, "Rejected", ""),
        (one, "Paid", "20.00"),
        (two, "Paid", "158.12"),
        (one, "Something new", ""),
        (two, "Pending", ""),
        (one, "Paid", "lots"),
        ("", "", ""),
    )

    assert [problem["row"] for problem in read.problems] == [2, 3, 4, 5, 7]
    assert "it may be paid twice" in read.problems[2]["words"]
    assert (read.rows_count, read.open_count, Payment.objects.count()) == (6, 1, 1)


def test_a_late_payment_of_a_rejected_line_is_recorded(ready):
    (batch,) = ready.claim()
    claim = batch.lines.get(position=1)
    ready.answer((claim.reference, "Rejected", ""))

    read = ready.answer((claim.reference, "Paid", "158.12"))

    claim.refresh_from_db()
    assert (claim.state, read.paid_cents, Payment.objects.count()) == ("paid", CENTS, 1)
    assert "is paid after all" in read.problems[0]["words"]


def test_a_file_that_is_no_answer_changes_nothing(ready):
    (batch,) = ready.claim()

    for content, words in (
        (batch.content.encode(), "Payment Request Status is missing"),
        (b"a,b\n1,2", "No column ClaimReference"),
        (b"ClaimReference,Status\n", "no rows below"),
    ):
        with pytest.raises(TableError, match=words):
            services.read_back(content, actor=ready.actor, file_name="x", at=ready.now)
    assert (_states(batch), ResultsFile.objects.count()) == (["waiting", "waiting"], 0)
    assert ClaimLine.objects.filter(payment=None).count() == 2
