"""Made-up price limits, provider numbers and a claim that waits for its answer, for a demo clinic.

The prices are invented; only the columns and the way items are numbered are the NDIA's.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from billing_integrations.invoices.models import BillingDetails
from billing_integrations.ndis.claim_files import file_name_of, write_claims
from billing_integrations.ndis.models import (
    ClaimBatch,
    ClaimLine,
    NdisSettings,
    PriceList,
    SupportItem,
)
from billing_integrations.ndis.regions import Region
from billing_integrations.ndis.selectors import to_claim
from clinical.practice.models import Practitioner, ProviderNumber
from clinical.practice.provider_numbers import is_provider_number

if TYPE_CHECKING:
    import random
    from datetime import datetime

_ITEMS = (
    ("15_055_0128_1_3", "Assessment, recommendation, therapy: physiotherapist", "H", 18_550),
    ("15_056_0128_1_3", "Assessment, recommendation, therapy: other professional", "H", 18_550),
    ("15_052_0128_1_3", "Therapy assistant, level 1", "H", 5_620),
    ("15_053_0128_1_3", "Therapy assistant, level 2", "H", 8_640),
    ("01_011_0107_1_1", "Assistance with self-care, weekday daytime", "H", 6_710),
    ("04_104_0125_6_1", "Access to the community, weekday daytime", "H", 6_710),
    ("12_027_0126_3_3", "Exercise physiology", "H", 16_240),
    ("07_002_0106_8_3", "Support coordination", "H", 9_870),
)
_CLAIMS = ["NF2F", "TRAN", "CANC", "REPW", "THLT"]
_DEARER = {Region.REMOTE: 140, Region.VERY_REMOTE: 150}
_RISE = 97
"""Last year's prices, in per cent of this year's."""
_CHECKS = "ABFHJKLTWXY"


def fill(chance: random.Random, now: datetime) -> None:
    """Load two years of price limits, and claim half of what is ready."""
    if PriceList.objects.exists():
        return
    today = timezone.localdate(now)
    this_year = date(today.year if today.month > 6 else today.year - 1, 7, 1)  # noqa: PLR2004 - June
    for starts, percent in ((date(this_year.year - 1, 7, 1), _RISE), (this_year, 100)):
        _load(starts, percent, now)
    NdisSettings.objects.get_or_create(only=True)
    BillingDetails.objects.filter(ndis_registration="").update(ndis_registration="405000123")
    ProviderNumber.objects.bulk_create(
        ProviderNumber(practitioner=one, number=_provider_number(chance))
        for one in Practitioner.objects.filter(provider_numbers=None)
    )
    _claim(now)


def _load(starts: date, percent: int, now: datetime) -> None:
    loaded = PriceList.objects.create(
        state=PriceList.State.IN_USE,
        file_name=f"invented-price-limits-{starts.year}.csv",
        valid_from=starts,
        items_count=len(_ITEMS),
        loaded_by="demo",
        loaded_at=now,
        in_use_since=now,
    )
    SupportItem.objects.bulk_create(
        SupportItem(
            price_list=loaded,
            number=number,
            name=name,
            registration_group=number.split("_")[2],
            category=number[:2],
            unit=unit,
            starts_on=starts,
            prices={
                region: cents * percent * _DEARER.get(Region(region), 100) // 10_000
                for region in Region.values
            },
            claim_types=_CLAIMS,
        )
        for number, name, unit, cents in _ITEMS
    )


def _provider_number(chance: random.Random) -> str:
    stem = f"{chance.randint(100_000, 999_999)}1"
    return next(stem + check for check in _CHECKS if is_provider_number(stem + check))


def _claim(now: datetime) -> None:
    ready = to_claim(timezone.localdate(now)).ready
    chosen = ready[: len(ready) // 2]
    if not chosen or ClaimBatch.objects.exists():
        return
    batch = ClaimBatch.objects.create(
        serial=1,
        file_name=file_name_of(1),
        content=write_claims([one.row for one in chosen]),
        rows_count=len(chosen),
        total_cents=sum(one.line.total_cents for one in chosen),
        state=ClaimBatch.State.SENT,
        created_by="demo",
        created_at=now - timedelta(days=2),
        sent_by="demo",
        sent_at=now - timedelta(days=2),
    )
    ClaimLine.objects.bulk_create(
        ClaimLine(
            batch=batch,
            position=position,
            line=one.line,
            patient_id=one.line.invoice.patient_id,
            reference=one.row.reference,
            claimed_cents=one.line.total_cents,
        )
        for position, one in enumerate(chosen, start=1)
    )
