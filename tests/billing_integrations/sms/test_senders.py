"""What texts may come from."""

from __future__ import annotations

import pytest

from billing_integrations.sms.senders import (
    NO_REPLIES,
    REGISTER,
    SenderError,
    checked_sender,
    shown,
    takes_replies,
    warnings_of,
)

SERVICE = "MG" + "a" * 32


def test_a_mobile_number_and_a_name_are_senders():
    assert checked_sender("0480 000 001") == "+61480000001"
    assert checked_sender("BlueBridge") == "BlueBridge"
    assert checked_sender(SERVICE, services=True) == SERVICE


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("X", "2 to 11 characters"),
        ("BlueBridgePhysio", "this has 16"),
        ("12345", "not a complete telephone number"),
        ("02 9876 5432", "landline"),
        (" Clinic", "space or an underscore"),
        ("Clinic_", "space or an underscore"),
        ("Café", "without accents"),
        (SERVICE, "no messaging services"),
    ],
)
def test_what_cannot_be_a_sender_is_said_in_words(typed, why):
    with pytest.raises(SenderError, match=why):
        checked_sender(typed)


def test_a_name_comes_with_what_the_clinic_must_know_of_it():
    assert warnings_of("BlueBridge") == [NO_REPLIES, REGISTER]
    assert warnings_of("+61480000001") == warnings_of(SERVICE) == []
    assert [takes_replies(one) for one in ("BlueBridge", "+61480000001", SERVICE)] == [
        False,
        True,
        True,
    ]
    assert shown("+61480000001") == "0480 000 001"
    assert shown(SERVICE) == "Messaging service MGaa…aaaa"
