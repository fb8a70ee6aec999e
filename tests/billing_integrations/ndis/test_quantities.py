"""Quantities, prices and shares as the NDIA reads them, to the last cent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_integrations.invoices.money import hours, line_total
from billing_integrations.ndis.quantities import price_text, quantity_text, share


@settings(max_examples=50)
@given(minutes=st.integers(1, 24 * 60), cents=st.integers(0, 50_000))
def test_hours_and_amounts_round_half_up(minutes, cents):
    exact = (Decimal(minutes) / 60).quantize(Decimal("0.01"), ROUND_HALF_UP)
    amount = (exact * cents / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)

    assert Decimal(quantity_text(hours(minutes))) == exact
    assert Decimal(line_total(hours(minutes), cents)) / 100 == amount


@settings(max_examples=50)
@given(hundredths=st.integers(-5, 12_000_000))
def test_a_quantity_fits_the_column_or_is_refused(hundredths):
    whole = hundredths % 100 == 0
    fits = 0 < hundredths <= (9_999_900 if whole else 99_999)

    if fits:
        text = quantity_text(hundredths)
        assert Decimal(text) * 100 == hundredths
        assert len(text.replace(".", "")) <= 5
    else:
        with pytest.raises(ValueError, match="NNN"):
            quantity_text(hundredths)


@settings(max_examples=50)
@given(amounts=st.lists(st.integers(0, 10**7), min_size=1, max_size=8), part=st.integers(0, 10**4))
def test_what_is_shared_out_adds_up_and_nobody_gets_more_than_theirs(amounts, part):
    named = {str(number): amount for number, amount in enumerate(amounts)}
    total = sum(amounts) * part // 10**4

    shares = share(named, total)

    assert sum(shares.values()) == total
    assert all(0 <= shares[key] <= named[key] for key in named)


def test_examples_from_the_guide():
    assert [quantity_text(n) for n in (250, 100, 83, 99_999, 9_999_900)] == [
        "2.50", "1", "0.83", "999.99", "99999",
    ]  # fmt: skip
    assert [price_text(n) for n in (19_399, 5, 100_000_000)] == ["193.99", "0.05", "1000000.00"]
