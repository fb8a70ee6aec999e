"""How Xero writes money and moments, what its errors mean, what is sent: no server, no database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_integrations.xero import chart, payloads, problems, wire
from billing_integrations.xero.client import XeroClient
from billing_integrations.xero.provider import _event_of
from ports.accounting import Debtor, Receipt, Sale, SalesLine, Tag
from ports.outcomes import BrokenConnectionError, RefusedError, RetryLaterError


def test_moments_are_read_in_every_form_xero_has():
    read = {
        "/Date(1795132800000+0000)/": datetime(2026, 11, 20, tzinfo=UTC),
        "/Date(1795132800000+1100)/": datetime(2026, 11, 20, tzinfo=UTC),
        "/Date(1795132800000)/": datetime(2026, 11, 20, tzinfo=UTC),
        "/Date(-86400000+0000)/": datetime(1969, 12, 31, tzinfo=UTC),
        "2026-11-20T00:00:00": datetime(2026, 11, 20, tzinfo=UTC),
        "2026-11-20T10:00:00+10:00": datetime(2026, 11, 20, tzinfo=UTC),
        "/Date(99999999999999999999)/": None,
        "soon": None,
        "": None,
        None: None,
    }

    assert {text: wire.moment(text) for text in read} == read
    assert wire.day("/Date(1795132800000+0000)/") == date(2026, 11, 20)
    local = datetime(2026, 11, 20, 10, 30, 5, 900, tzinfo=timezone(timedelta(hours=10)))
    assert wire.since(local) == "2026-11-20T00:30:05Z"


@settings(max_examples=50)
@given(st.integers(-(10**12), 10**12))
def test_cents_survive_the_way_there_and_back(amount):
    assert wire.cents(wire.read(json.dumps(wire.dollars(amount)).encode())) == amount


def test_amounts_are_rounded_half_up_and_nonsense_is_nothing():
    amounts = {"1.005": 101, "-1.005": -101, "0.1": 10, "": 0, "n/a": 0}
    assert {text: wire.cents(text) for text in amounts} == amounts
    assert wire.cents(None) == 0


def test_only_the_right_signature_counts():
    good = wire.signature(b'{"events":[]}', "key")

    assert wire.is_signed(b'{"events":[]}', good, "key")
    for body, given_, key in (
        (b'{"events": []}', good, "key"),
        (b'{"events":[]}', good, "other"),
        (b'{"events":[]}', "", "key"),
        (b'{"events":[]}', wire.signature(b'{"events":[]}', ""), ""),
        (b'{"events":[]}', "\u00e4", "key"),
    ):
        assert not wire.is_signed(body, given_, key)


def test_every_status_is_known_for_what_it_asks_of_us():
    meanings = {
        (200, ""): None,
        (304, ""): None,
        (401, '{"Title":"Unauthorized","Detail":"TokenExpired"}'): problems.TokenRefusedError,
        (403, "{}"): BrokenConnectionError,
        (404, "The resource you're looking for cannot be found"): problems.NotFoundError,
        (429, ""): problems.LimitedError,
        (500, ""): RetryLaterError,
        (503, "<html>"): RetryLaterError,
    }
    for (status, body), wanted in meanings.items():
        found = problems.error_of(httpx2.Response(status, text=body))
        assert (found and type(found)) == wanted

    limited = problems.error_of(
        httpx2.Response(429, headers={"retry-after": "17", "x-rate-limit-problem": "day"})
    )
    assert (limited.after, "5,000" in limited.words) == (17.0, True)


def test_a_refusal_is_told_in_xeros_words():
    first = {"ValidationErrors": [{"Message": "Account code '999' is not valid."}]}
    second = {"LineItems": [{"ValidationErrors": [{"Description": "TaxType is missing."}]}]}
    bad = {
        "ErrorNumber": 10,
        "Message": "A validation exception occurred",
        "Elements": [first, second],
    }

    refused = problems.error_of(httpx2.Response(400, json=bad))
    alone = problems.element_error({"StatusAttributeString": "ERROR"} | first)

    assert isinstance(refused, RefusedError)
    assert refused.words == "Account code '999' is not valid.; TaxType is missing."
    assert alone.words == "Account code '999' is not valid."
    assert problems.element_error({"StatusAttributeString": "OK", "HasErrors": False}) is None


def _sale(*lines: SalesLine) -> Sale:
    return Sale("NX-1", "c1", date(2026, 11, 20), date(2026, 12, 4), lines)


def _line(quantity: str, unit: int, total: int) -> SalesLine:
    return SalesLine("Visit", Decimal(quantity), unit, total, "200", "EXEMPTOUTPUT",
                     (Tag("Place", "North"), Tag("Who", "Ash"), Tag("Third", "x")))  # fmt: skip


def test_an_invoice_names_its_contact_by_id_and_carries_exact_line_totals():
    whole = payloads.invoice(_sale(_line("1", 12000, 12000), _line("1.25", 19399, 24249)))

    first, second = whole["LineItems"]
    assert whole["Contact"] == {"ContactID": "c1"}
    assert (first["UnitAmount"], first["LineAmount"], len(first["Tracking"])) == (120.0, 120.0, 2)
    assert ("UnitAmount" in second, second["LineAmount"]) == (False, 242.49)
    assert (whole["Date"], whole["LineAmountTypes"]) == ("2026-11-20", "Inclusive")
    assert payloads.contact(Debtor("n", "Ann " * 100))["Name"] == ("Ann " * 100)[:255]
    receipt = Receipt("i1", "090", date(2026, 11, 20), 10, "NX-A")
    assert payloads.payment(receipt)["Amount"] == 0.1


def _client(answer) -> XeroClient:
    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return XeroClient(http, base_url="http://xero.test", token="t", organisation="o")


def test_lists_are_read_page_by_page_and_asked_for_as_json_of_one_organisation():
    asked = []

    def answer(request):
        asked.append(request)
        page = int(request.url.params["page"])
        return httpx2.Response(
            200, json={"Payments": [{"PaymentID": page}], "pagination": {"pageCount": 3}}
        )

    rows = list(_client(answer).payments_since(datetime(2026, 11, 20, tzinfo=UTC)))

    assert [row["PaymentID"] for row in rows] == [1, 2, 3]
    assert asked[0].headers["xero-tenant-id"] == "o"
    assert asked[0].headers["accept"] == "application/json"
    assert asked[0].headers["if-modified-since"] == "2026-11-20T00:00:00Z"


def test_an_element_that_is_refused_in_a_good_answer_is_refused_and_a_cut_one_is_asked_again():
    row = {"StatusAttributeString": "ERROR", "ValidationErrors": [{"Message": "No."}]}
    answers = iter(
        [
            httpx2.Response(200, json={"Invoices": [row]}),
            httpx2.Response(200, text='{"Invoices": [{"Invo'),
            httpx2.Response(200, json={"Status": "OK"}),
        ]
    )
    client = _client(lambda _request: next(answers))

    with pytest.raises(RefusedError, match=r"No\."):
        client.create_invoice({}, key="1")
    for _ in range(2):
        with pytest.raises(RetryLaterError):
            client.create_invoice({}, key="1")


def test_the_consent_is_told_by_the_token_and_a_token_without_one_says_nothing():
    def opened(token):
        return SimpleNamespace(secrets={"access_token": token})

    assert _event_of(opened("x.eyJhdXRoZW50aWNhdGlvbl9ldmVudF9pZCI6ImUxIn0.y")) == "e1"
    assert [_event_of(opened(token)) for token in ("", "x", "a.b.c", "a.W10.c")] == [""] * 4


def test_the_chart_offers_what_can_be_booked_to():
    read = chart.Chart(
        {
            "accounts": [
                {"code": "200", "name": "Fees", "type": "REVENUE", "takes_payments": False},
                {"code": "090", "name": "Bank", "type": "BANK", "takes_payments": False},
                {"code": "850", "name": "Clearing", "type": "CURRENT", "takes_payments": True},
                {"code": "", "name": "No code", "type": "BANK", "takes_payments": False},
            ],
            "tax_rates": [
                {"type": "OUTPUT", "name": "GST", "hundredths": 1000, "on_income": True},
                {"type": "INPUT", "name": "GST", "hundredths": 1000, "on_income": False},
            ],
        }
    )

    assert read.income_accounts() == [("200", "200 Fees")]
    assert [code for code, _ in read.payment_accounts()] == ["090", "850"]
    assert read.tax_types() == [("OUTPUT", "GST (10%)")]
    assert [read.suggested_tax(rule) for rule in ("taxable", "free")] == ["OUTPUT", ""]
