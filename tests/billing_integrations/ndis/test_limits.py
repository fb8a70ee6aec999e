"""Price limits hold by day and by region; a list of another day is never touched."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from billing_integrations.ndis import services
from billing_integrations.ndis.comparing import changes_of
from billing_integrations.ndis.limits import LimitBook, RegionBook
from billing_integrations.ndis.models import PriceList, SupportItem
from clinical.practice.models import Location
from tests.billing_integrations.ndis.conftest import ITEM, OTHER, price_csv, price_row

LAST_YEAR, THIS_YEAR = date(2025, 7, 1), date(2026, 7, 1)


def _limit(day, region="NSW", number=ITEM):
    found = LimitBook.of([number]).limit_at(number, day, region)
    return found and found.cents


def test_a_day_keeps_the_limit_of_its_own_list(billing):
    billing.prices(price_row(), price_row(OTHER), valid_from=LAST_YEAR)
    billing.prices(price_row(price="200.00", **{"Start date": "20260701"}), valid_from=THIS_YEAR)

    assert _limit(THIS_YEAR - timedelta(days=1)) == 19_050
    assert (_limit(THIS_YEAR), _limit(LAST_YEAR, "very_remote")) == (20_000, 28_575)
    assert _limit(LAST_YEAR - timedelta(days=1)) is None
    assert _limit(THIS_YEAR, number=OTHER) is None  # the new list does not have it any more
    assert not LimitBook.of([ITEM]).limit_at(ITEM, THIS_YEAR, "NSW").allows("REPW")


def test_an_item_holds_within_its_own_days_and_may_have_no_limit(billing):
    billing.prices(
        price_row(**{"End Date": "20251231"}),
        price_row(price="195.00", **{"Start date": "20260101"}),
        price_row(OTHER, price="", Quote="Y"),
    )

    assert (_limit(date(2025, 12, 31)), _limit(date(2026, 1, 1))) == (19_050, 19_500)
    assert LimitBook.of([OTHER]).limit_at(OTHER, date(2026, 1, 1), "NSW").cents is None


def test_the_same_period_is_replaced_at_once_and_the_old_list_is_kept(billing):
    first = billing.prices(price_row(), valid_from=LAST_YEAR)
    second = billing.prices(price_row(price="191.00"), valid_from=LAST_YEAR)

    first.refresh_from_db()
    assert (first.state, second.state) == (PriceList.State.REPLACED, PriceList.State.IN_USE)
    assert (_limit(LAST_YEAR), first.items.count()) == (19_100, 1)
    with pytest.raises(services.PriceListStateError):
        services.discard_price_list(first, actor=billing.owner)
    services.use_price_list(first, actor=billing.owner, at=billing.now, valid_from=LAST_YEAR)
    assert _limit(LAST_YEAR) == 19_050


def test_a_file_with_unreadable_rows_is_used_only_when_somebody_says_so(billing):
    content = price_csv(price_row(), price_row("nonsense"))
    loaded = services.load_price_list(
        content, actor=billing.owner, file_name="x.csv", at=billing.now
    )
    asked = {"actor": billing.owner, "at": billing.now, "valid_from": LAST_YEAR}

    with pytest.raises(services.RowsLeftOutError, match="1 rows could not be read"):
        services.use_price_list(loaded, **asked)
    before = _limit(LAST_YEAR)
    services.use_price_list(loaded, may_leave_out=True, **asked)

    assert (before, _limit(LAST_YEAR)) == (None, 19_050)


def test_what_a_new_list_changes_is_shown_first(billing):
    billing.prices(price_row(), price_row(OTHER), valid_from=LAST_YEAR)
    rows = [price_row(price="200.00"), price_row("07_903_0106_8_3")]
    draft = services.load_price_list(
        price_csv(*rows), actor=billing.owner, file_name="new.csv", at=billing.now
    )

    changes = changes_of(draft)

    assert (changes.new, changes.gone) == (1, 1)
    assert [(one.number, one.region) for one in changes.moved] == [(ITEM, "Remote (MMM 6)")]
    services.discard_price_list(draft, actor=billing.owner)
    assert SupportItem.objects.filter(price_list=draft).count() == 0


def test_a_location_may_have_a_region_of_its_own(billing):
    far = Location.objects.create(name="Far rooms")

    services.set_regions("VIC", {billing.place: "", far: "very_remote"}, actor=billing.owner)
    book = RegionBook.read()

    assert [book.region_of(pk) for pk in (None, billing.place.pk, far.pk)] == [
        "VIC", "VIC", "very_remote",
    ]  # fmt: skip
