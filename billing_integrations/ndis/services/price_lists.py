"""Price limits: read from a file, looked at, taken into use. Lists of other days stay as they are."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from billing_integrations.ndis.models import (
    LocationRegion,
    NdisSettings,
    PriceList,
    SupportItem,
)
from billing_integrations.ndis.price_files import read_price_file
from billing_integrations.ndis.services.errors import NdisError
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accounts.models import User
    from clinical.practice.models import Location

ALWAYS = date(1900, 1, 1)
"""The start of an item whose row names none."""
MOST_PROBLEMS = 500
_AT_ONCE = 1_000


class PriceListStateError(NdisError):
    """The list is not in a state in which this can be done to it."""


class RowsLeftOutError(NdisError):
    """Rows could not be read, and nobody has said that the rest may be used."""


@transaction.atomic
def load_price_list(content: bytes, *, actor: User, file_name: str, at: datetime) -> PriceList:
    """Read a file into a list that is to be looked at; raises TableError in words.

    What is in use stays in use until `use_price_list`.
    """
    require(actor, Action.CHANGE, Resource.SETTINGS)
    read = read_price_file(content)
    loaded = PriceList.objects.create(
        file_name=file_name[-200:],
        sheet=read.sheet,
        columns=read.columns,
        problems=[vars(problem) for problem in read.problems[:MOST_PROBLEMS]],
        valid_from=read.starts_on or timezone.localdate(at),
        items_count=len(read.items),
        loaded_by=actor.name or actor.email,
        loaded_at=at,
    )
    SupportItem.objects.bulk_create(
        (
            SupportItem(
                price_list=loaded,
                number=item.number,
                name=item.name,
                registration_group=item.registration_group,
                category=item.category,
                category_name=item.category_name,
                unit=item.unit,
                is_quotable=item.is_quotable,
                starts_on=item.starts_on or ALWAYS,
                ends_on=item.ends_on,
                prices=item.prices,
                claim_types=item.claim_types,
            )
            for item in read.items
        ),
        batch_size=_AT_ONCE,
    )
    record("ndis.price_list_loaded", object_type="ndis_pricelist", object_id=str(loaded.pk))
    return loaded


@transaction.atomic
def use_price_list(
    price_list: PriceList,
    *,
    actor: User,
    at: datetime,
    valid_from: date,
    may_leave_out: bool = False,
) -> PriceList:
    """Let a list hold from a day on; one that began on the same day is replaced, and kept.

    Raises RowsLeftOutError unless `may_leave_out`, PriceListStateError where it is in use already.
    """
    require(actor, Action.CHANGE, Resource.SETTINGS)
    held = PriceList.objects.select_for_update().filter(pk=price_list.pk).first()
    if held is None or held.state == PriceList.State.IN_USE:
        raise PriceListStateError("This list is in use already, or was thrown away.")
    if held.items_count == 0:
        raise NdisError("None of its rows could be read, so there is nothing to use.")
    if held.problems and not may_leave_out:
        raise RowsLeftOutError(
            f"{len(held.problems)} rows could not be read. Correct the file and load it again, or "
            "tick the box to use the list without them."
        )
    same_day = PriceList.objects.filter(state=PriceList.State.IN_USE, valid_from=valid_from)
    same_day.update(state=PriceList.State.REPLACED, replaced_at=at)
    held.state, held.valid_from = PriceList.State.IN_USE, valid_from
    held.in_use_since, held.replaced_at = at, None
    held.save()
    return held


@transaction.atomic
def discard_price_list(price_list: PriceList, *, actor: User) -> None:
    """Throw away a list that was never used."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    held = PriceList.objects.select_for_update().filter(pk=price_list.pk).first()
    if held is None or held.state != PriceList.State.DRAFT:
        raise PriceListStateError(
            "Lists that were in use are kept: old claims are checked by them."
        )
    held.delete()


@transaction.atomic
def set_regions(usual: str, by_location: Mapping[Location, str], *, actor: User) -> None:
    """Say in which region supports are delivered; a location with an empty one is as usual."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    row = NdisSettings.objects.select_for_update().first() or NdisSettings()
    row.region = usual
    row.save()
    for location, region in by_location.items():
        if region and region != usual:
            LocationRegion.objects.update_or_create(location=location, defaults={"region": region})
        else:
            LocationRegion.objects.filter(location=location).delete()
