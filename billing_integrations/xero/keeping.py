"""Keeps what was read of an organisation's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from billing_integrations.invoices.models import GstRule
from billing_integrations.xero.chart import Chart
from billing_integrations.xero.models import XeroSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


def keep_chart(organisation: str, name: str, chart: Mapping[str, Any]) -> XeroSettings:
    """Keep what was read of an organisation's settings; new ones begin with the usual tax rates."""
    found, is_new = XeroSettings.objects.get_or_create(organisation=organisation)
    found.organisation_name, found.chart = name or found.organisation_name, dict(chart)
    found.chart_read_at = timezone.now()
    if is_new or not found.taxes:
        read = Chart(found.chart)
        suggested = {rule.value: read.suggested_tax(rule.value) for rule in GstRule}
        found.taxes = {rule: kind for rule, kind in suggested.items() if kind}
    found.save()
    return found
