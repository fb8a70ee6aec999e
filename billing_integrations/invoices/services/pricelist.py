"""The price list, and the clinic's own billing details: changed by whoever keeps the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from accounts.permissions import Action, Resource
from billing_integrations.invoices.models import (
    BillingDetails,
    CancellationRule,
    DefaultPayer,
    FundingPayer,
    ItemForType,
    Price,
    PriceItem,
)
from billing_integrations.invoices.services.access import asked_by
from billing_integrations.invoices.services.errors import InvoiceError
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accounts.models import User
    from clinical.contacts.models import Contact
    from clinical.patients.models import Patient
    from clinical.practice.models import AppointmentType, FundingType


class PricesOverlapError(InvoiceError):
    """Two prices of an item for the same visits on one day."""


@transaction.atomic
def save_details(details: BillingDetails, *, actor: User) -> BillingDetails:
    require(actor, Action.CHANGE, Resource.SETTINGS)
    details.save()
    return details


@transaction.atomic
def save_item(item: PriceItem, *, actor: User, prices: Sequence[Mapping[str, Any]]) -> PriceItem:
    """Save an item and make its prices be those given. What was invoiced keeps what it says."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    item.save()
    item.prices.all().delete()
    try:
        with transaction.atomic():
            Price.objects.bulk_create(Price(item=item, **price) for price in prices)
    except IntegrityError as error:
        raise PricesOverlapError(
            "Two prices hold for the same visits on one day. End the older one the day before the "
            "newer one starts."
        ) from error
    return item


@transaction.atomic
def choose_item(
    appointment_type: AppointmentType,
    funding_type: FundingType | None,
    item: PriceItem,
    *,
    actor: User,
) -> ItemForType:
    """Say what a kind of visit is charged as."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    chosen, _ = ItemForType.objects.update_or_create(
        appointment_type=appointment_type, funding_type=funding_type, defaults={"item": item}
    )
    return chosen


@transaction.atomic
def forget_item(choice: ItemForType, *, actor: User) -> None:
    require(actor, Action.CHANGE, Resource.SETTINGS)
    choice.delete()


@transaction.atomic
def save_rule(rule: CancellationRule, *, actor: User) -> CancellationRule:
    require(actor, Action.CHANGE, Resource.SETTINGS)
    rule.save()
    return rule


@transaction.atomic
def remove_rule(rule: CancellationRule, *, actor: User) -> None:
    require(actor, Action.CHANGE, Resource.SETTINGS)
    rule.delete()


@transaction.atomic
def set_funding_payer(
    funding_type: FundingType, *, kind: str, contact: Contact | None, actor: User
) -> FundingPayer:
    """Say who pays for a way of funding where a patient has no payer of their own."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    payer, _ = FundingPayer.objects.update_or_create(
        funding_type=funding_type,
        defaults={
            "kind": kind,
            "contact": contact if kind == FundingPayer.Kind.CONTACT else None,
        },
    )
    return payer


@transaction.atomic
def set_payer(
    patient: Patient,
    *,
    actor: User,
    payer_kind: str,
    contact: Contact | None,
    funding_type: FundingType | None = None,
    reference: str = "",
) -> DefaultPayer:
    """Say who pays for a patient's visits."""
    asked_by(actor, Action.CHANGE)
    payer, _ = DefaultPayer.objects.update_or_create(
        patient=patient,
        funding_type=funding_type,
        defaults={
            "payer_kind": payer_kind,
            "contact": contact if payer_kind == "contact" else None,
            "reference": reference,
        },
    )
    return payer


@transaction.atomic
def forget_payer(payer: DefaultPayer, *, actor: User) -> None:
    asked_by(actor, Action.CHANGE)
    payer.delete()
