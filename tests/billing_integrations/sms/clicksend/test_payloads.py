"""What goes to ClickSend and comes from it, judged by the models of ClickSend's own library."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from billing_integrations.sms.clicksend.payloads import (
    answer_of,
    incoming_of,
    price_of,
    receipt_of,
    request_of,
)
from billing_integrations.sms.clicksend.words import error_of, is_account_trouble
from billing_integrations.sms.errors import AccountTroubleError, NotTextableError, OptedOutError
from ports.outcomes import RefusedError, RetryLaterError
from ports.sms import OutgoingSms, SmsState

models = pytest.importorskip("clicksend.models")
AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def test_the_request_is_one_that_clicksend_knows():
    sms = OutgoingSms("+61412345678", "Hello", reference="our-id")

    request = request_of(sms, sender="+61480000001")

    model = models.SendSmsRequest.from_dict(request)
    [message] = model.messages
    assert (message.to, message.body, message.var_from) == ("+61412345678", "Hello", "+61480000001")
    assert message.custom_string == "our-id"
    assert model.to_dict() == request
    assert "from" not in request_of(sms, sender="")["messages"][0]


def test_what_clicksend_answers_and_tells_is_read_whole():
    sent = models.SmsSendSms.from_dict(
        {"message_id": "M1", "message_parts": 2, "message_price": "0.1584", "status": "SUCCESS"}
    )
    receipt = models.SmsReceipt.from_dict(
        {
            "timestamp": int(AT.timestamp()),
            "message_id": "M1",
            "status_code": 301,
            "error_code": 8,
            "custom_string": "our-id",
        }
    )
    inbound = models.InboundSms.from_dict(
        {
            "timestamp": int(AT.timestamp()),
            "from": "+61412345678",
            "to": "+61480000001",
            "body": "Y",
            "message_id": "I1",
            "custom_string": "our-id",
            "original_message_id": "M1",
        }
    )

    answer, price = answer_of(sent.to_dict()), price_of(sent.to_dict())
    read, text = receipt_of(receipt.to_dict(), at=AT), incoming_of(inbound.to_dict(), at=AT)

    assert (answer.vendor_id, answer.segments, answer.currency) == ("M1", 2, "AUD")
    assert answer.cost_cents == price.cost_cents == pytest.approx(15.84)
    assert (read.state, read.reference, read.at) == (SmsState.FAILED, "our-id", AT)
    assert read.problem == "Nobody has this number: inactive or wrong."
    assert (text.sender, text.body, text.reference, text.at) == ("+61412345678", "Y", "our-id", AT)
    assert receipt_of(inbound.to_dict(), at=AT) is None
    assert incoming_of(receipt.to_dict(), at=AT) is None


def test_receipts_of_each_code_bring_a_text_as_far_as_they_say():
    codes = {200: "sent", 201: "delivered", 300: "sent", 301: "failed"}

    for code, state in codes.items():
        assert receipt_of({"message_id": "M", "status_code": str(code)}, at=AT).state == state
    assert receipt_of({"message_id": "M", "status_code": "?"}, at=AT) is None


def test_each_status_is_of_its_kind_and_in_words():
    kinds = {
        "INVALID_RECIPIENT": NotTextableError,
        "INSUFFICIENT_CREDIT": AccountTroubleError,
        "OPT_OUT": OptedOutError,
        "THROTTLED": RetryLaterError,
        "INVALID_SENDER_ID": RefusedError,
        "SOMETHING_NEW": RefusedError,
    }

    for status, kind in kinds.items():
        error = error_of(status)
        assert type(error) is kind
        assert is_account_trouble(error.words) == (kind is AccountTroubleError)
    assert error_of("SOMETHING_NEW").words == "ClickSend: Something new."
