"""The bulk payment request, cell by cell, and everything that must not get into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from billing_integrations.invoices.models import BillingDetails
from billing_integrations.ndis.claim_files import file_name_of, write_claims
from billing_integrations.ndis.claim_rows import (
    HEADERS,
    Circumstances,
    ClaimRow,
    last_day_to_claim,
    problems_of,
    provider_problems,
    reference_of,
)
from billing_integrations.ndis.limits import Limit
from billing_integrations.ndis.models import SupportItem
from clinical.funding.models import NdisPlan
from tests.billing_integrations.ndis.conftest import ITEM

GOLDEN = Path(__file__).parent / "golden" / "ndis-000001.csv"
DAY = date(2026, 11, 3)
ROW = ClaimRow(
    registration="405000123", ndis_number="430000001", day=DAY, support_number=ITEM,
    reference="INV-000012-1", quantity_hundredths=83, unit_cents=19_050, gst_code="P2",
    claim_type="", cancellation_reason="", abn="51824753556",
)  # fmt: skip
ABOUT = Circumstances(
    today=date(2026, 11, 21), region="NSW", has_price_list=True,
    limit=Limit(SupportItem(number=ITEM, claim_types=["CANC", "THLT"]), 19_050),
    has_plans=True, plan=NdisPlan(management="agency"),
)  # fmt: skip


def test_the_file_is_as_the_ndia_wants_it():
    rows = [
        ROW,
        replace(ROW, reference="INV-000012-2", quantity_hundredths=250, claim_type="THLT"),
        replace(ROW, reference="INV-000013-1", quantity_hundredths=100, unit_cents=6_650,
                claim_type="CANC", cancellation_reason="NSDH", gst_code="P5"),
        replace(ROW, reference="INV-000014-1-R2", ndis_number="439999999", gst_code="P1",
                support_number="03_904_0103_1_1_T", quantity_hundredths=9_999_900),
    ]  # fmt: skip

    made = write_claims(rows)

    assert made.encode() == GOLDEN.read_bytes()
    assert not made.startswith("\ufeff")
    assert len(HEADERS) == 16
    assert {len(line.split(",")) for line in made.splitlines()} == {16}


def test_names_references_and_limits_of_a_file():
    assert file_name_of(1) == "ndis-000001.csv"
    assert len(file_name_of(999_999)) <= 20
    assert reference_of("INV-000012", 3, 1) == "INV-000012-3"
    assert reference_of("=2024 #7&", 1, 2) == "2024-7-1-R2"
    assert len(reference_of("X" * 80, 12, 10)) == 50
    with pytest.raises(ValueError, match="same ClaimReference"):
        write_claims([ROW, ROW])
    with pytest.raises(ValueError, match="1 to 5000"):
        write_claims([replace(ROW, reference=f"A-{n}") for n in range(5_001)])
    for odd in ("=1+1", "@x", "-5", "+61"):
        with pytest.raises(ValueError, match="holds"):
            write_claims([replace(ROW, ndis_number=odd)])


def test_what_can_be_claimed_has_no_problem():
    for changes in (
        {},
        {"claim_type": "THLT"},
        {"claim_type": "CANC", "cancellation_reason": "NSDO"},
        {"quantity_hundredths": 99_999},
    ):
        assert problems_of(replace(ROW, **changes), ABOUT) == []
    assert problems_of(ROW, replace(ABOUT, limit=replace(ABOUT.limit, cents=None))) == []


def test_each_thing_that_is_wrong_is_said_in_words():
    far = {"limit": Limit(SupportItem(number=ITEM, claim_types=[]), 19_049), "region": "remote"}
    plan = {"management": "plan"}
    cases = [
        ({"ndis_number": ""}, {}, "no NDIS number", "patient"),
        ({"ndis_number": "123456789"}, {}, "begin with 43", "patient"),
        ({"reference": "-x"}, {}, "claim reference", "invoice"),
        ({"quantity_hundredths": 100_050}, {}, "quantity does not fit", "invoice"),
        ({"unit_cents": 0}, {}, "price is nothing", "invoice"),
        ({"gst_code": ""}, {}, "GST rule", "invoice"),
        ({"day": None}, {}, "no date of service", "invoice"),
        ({"day": date(2026, 11, 22)}, {}, "still to come", "invoice"),
        ({"day": date(2024, 11, 20)}, {}, "the last day was 20 Nov 2026", "invoice"),
        ({}, {"plan": None}, "Check the plans' dates", "plan"),
        ({}, {"plan": None, "has_plans": False}, "Enter the participant's plan", "plan"),
        ({}, {"plan": NdisPlan(**plan)}, "plan-managed", "plan"),
        ({}, {"credited_cents": 100}, "$1.00 of the line is credited", "invoice"),
        ({"support_number": ""}, {}, "no support item number", "invoice"),
        ({"support_number": "PHYSIO"}, {}, "no support item number", "invoice"),
        ({}, {"has_price_list": False}, "No price limits are loaded", "prices"),
        ({}, {"limit": None}, "not in the price limits", "prices"),
        ({}, far, "$190.50 is above the limit of $190.49 (Remote (MMM 6))", "invoice"),
        ({"claim_type": "TRAN"}, {}, "cannot be claimed as provider travel", "claim"),
        ({"claim_type": "STANDARD"}, {}, "no claim type", "claim"),
        ({"claim_type": "CANC"}, {}, "Say why", "claim"),
        ({"cancellation_reason": "NSDH"}, {}, "without a cancellation", "claim"),
        ({"claim_type": "CANC", "cancellation_reason": "NSDF"},
         {"cancelled_on": DAY - timedelta(days=8)}, "7 clear days before", "invoice"),
    ]  # fmt: skip

    for row, about, words, where in cases:
        found = problems_of(replace(ROW, **row), replace(ABOUT, **about))
        assert [(words in one.words, one.where) for one in found] == [(True, where)], found


def test_the_edges_of_the_two_years_and_of_short_notice():
    cancelled = replace(ROW, claim_type="CANC", cancellation_reason="NSDF")

    assert last_day_to_claim(date(2024, 2, 29)) == date(2026, 2, 28)
    assert problems_of(replace(ROW, day=date(2024, 11, 21)), ABOUT) == []
    assert problems_of(cancelled, replace(ABOUT, cancelled_on=DAY - timedelta(days=7))) == []


def test_what_the_clinic_itself_lacks_is_said_once():
    right = BillingDetails(ndis_registration="405000123", abn="51824753556")
    wrong = BillingDetails(ndis_registration="123", abn="51824753557")

    assert provider_problems(right) == []
    assert [one.where for one in provider_problems(wrong)] == ["settings", "settings"]
