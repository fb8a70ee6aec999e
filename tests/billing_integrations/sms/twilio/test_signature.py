"""Calls of Twilio's, judged by Twilio's own library."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_integrations.sms.twilio.signature import is_genuine, is_genuine_document, sign

validator = pytest.importorskip("twilio.request_validator")
TOKEN = "12345"
URL = "https://nexus.example/hooks/twilio/abc/"
NAMES = st.sampled_from(["To", "From", "Body", "MessageSid", "Ärger", "a", "A"])


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(NAMES, st.text(max_size=20), max_size=6), st.booleans(), st.booleans())
def test_both_libraries_judge_every_call_alike(fields, is_signed, has_port):
    judge = validator.RequestValidator(TOKEN)
    url = URL.replace("example", "example:443") if has_port else URL
    signature = judge.compute_signature(url, fields) if is_signed else sign(url, (), "other")

    ours = is_genuine(URL, fields.items(), signature=signature, token=TOKEN)

    assert ours == judge.validate(URL, fields, signature) == is_signed


def test_a_name_that_comes_twice_counts_with_both_values_sorted():
    judge = validator.RequestValidator(TOKEN)
    signature = sign(URL, [("a", "2"), ("a", "1"), ("a", "2")], TOKEN)

    class Twice(dict):
        def getlist(self, name):
            return self[name]

    assert judge.validate(URL, Twice(a=["2", "1", "2"]), signature)


def test_a_document_must_be_the_one_that_was_signed():
    judge, body = validator.RequestValidator(TOKEN), '{"a": "ü"}'
    url = f"{URL}?bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    signature = sign(url, (), TOKEN)

    assert judge.validate(url, body, signature)
    assert is_genuine_document(url, body.encode(), signature=signature, token=TOKEN)
    assert not is_genuine_document(url, b"{}", signature=signature, token=TOKEN)
    assert not is_genuine_document(URL, b"{}", signature=sign(URL, (), TOKEN), token=TOKEN)


def test_nothing_is_genuine_without_a_token_or_a_signature():
    assert not is_genuine(URL, (), signature="", token=TOKEN)
    assert not is_genuine(URL, (), signature=sign(URL, (), ""), token="")
    assert not is_genuine(URL, (), signature="ü", token=TOKEN)
