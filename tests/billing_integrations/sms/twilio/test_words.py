"""What Twilio's errors mean for people, and for what follows."""

from __future__ import annotations

import pytest

from billing_integrations.sms.errors import (
    AccountTroubleError,
    NotTextableError,
    OptedOutError,
)
from billing_integrations.sms.twilio.payloads import price_of, receipt_of_message
from billing_integrations.sms.twilio.words import error_of, is_account_trouble, words_of
from ports.outcomes import BrokenConnectionError, RefusedError, RetryLaterError
from ports.sms import SmsState


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        (21610, OptedOutError, "asked for no more texts"),
        (21614, NotTextableError, "landline"),
        (21211, NotTextableError, "not a telephone number"),
        (20429, RetryLaterError, "asks to wait"),
        (20003, BrokenConnectionError, "connect Twilio again"),
        (30002, AccountTroubleError, "suspended"),
        (21606, RefusedError, "no number of this Twilio account"),
        (99999, RefusedError, "Something odd (99999)"),
    ],
)
def test_each_error_is_of_its_kind_and_in_words(code, kind, says):
    error = error_of(code, "Something odd")

    assert type(error) is kind
    assert says in error.words
    assert is_account_trouble(error.words) == (kind is AccountTroubleError)


def test_why_a_text_did_not_arrive_is_in_words():
    said = {code: words_of(code) for code in range(30003, 30009)}

    assert len(set(said.values())) == 6
    assert "landline" in said[30006]
    assert words_of(None) == "Twilio: Twilio did not say why."


def test_a_message_of_the_list_tells_how_it_went_and_what_it_cost():
    message = {
        "sid": "SM1",
        "status": "undelivered",
        "error_code": 30005,
        "price": "-0.05150",
        "price_unit": "usd",
        "num_segments": "2",
        "date_updated": "Mon, 23 Nov 2026 01:00:00 +0000",
    }

    receipt, price = receipt_of_message(message), price_of(message)

    assert (receipt.state, receipt.problem) == (SmsState.FAILED, "Nobody has this number any more.")
    assert (price.cost_cents, price.currency, price.segments) == (5.15, "USD", 2)
    assert price_of({"sid": "SM1", "price": None}) is None
