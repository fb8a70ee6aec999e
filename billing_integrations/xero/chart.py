"""The part of an organisation's settings that our books are booked by, as it is kept and chosen from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from billing_integrations.xero.wire import cents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from billing_integrations.xero.client import XeroClient

Choices = list[tuple[str, str]]
INCOME = {"REVENUE", "SALES", "OTHERINCOME"}
WRITTEN_OFF = {"EXPENSE", "OVERHEADS", "DIRECTCOSTS"}


def read(client: XeroClient) -> tuple[str, dict[str, Any]]:
    """Ask Xero for it; answers the organisation's name and what is kept. Four requests."""
    organisation = client.organisation()
    found = {
        "currency": str(organisation.get("BaseCurrency") or "AUD"),
        "accounts": [_account(row) for row in client.accounts() if _is_active(row)],
        "tax_rates": [_tax(row) for row in client.tax_rates() if _is_active(row)],
        "tracking": [_category(row) for row in client.tracking_categories() if _is_active(row)],
    }
    return str(organisation.get("Name") or ""), found


def _is_active(row: Mapping[str, Any]) -> bool:
    return str(row.get("Status", "ACTIVE")) == "ACTIVE"


def _account(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": str(row.get("Code") or ""),
        "name": str(row.get("Name") or ""),
        "type": str(row.get("Type") or ""),
        "takes_payments": row.get("EnablePaymentsToAccount") is True,
    }


def _tax(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": str(row.get("TaxType") or ""),
        "name": str(row.get("Name") or ""),
        "hundredths": cents(row.get("EffectiveRate")),
        "on_income": row.get("CanApplyToRevenue", True) is True,
    }


def _category(row: Mapping[str, Any]) -> dict[str, Any]:
    options = [one for one in row.get("Options") or [] if _is_active(one)]
    return {
        "name": str(row.get("Name") or ""),
        "options": [str(one.get("Name") or "") for one in options],
    }


@dataclass(frozen=True)
class Chart:
    """What was read, as choices for people."""

    kept: Mapping[str, Any]

    @property
    def is_read(self) -> bool:
        return bool(self.kept)

    @property
    def currency(self) -> str:
        return str(self.kept.get("currency") or "AUD")

    def income_accounts(self) -> Choices:
        return self._accounts(lambda row: row["type"] in INCOME)

    def payment_accounts(self) -> Choices:
        return self._accounts(lambda row: row["type"] == "BANK" or row["takes_payments"])

    def write_off_accounts(self) -> Choices:
        return self._accounts(lambda row: row["type"] in WRITTEN_OFF)

    def tax_types(self) -> Choices:
        rows = [row for row in self._rows("tax_rates") if row["type"] and row["on_income"]]
        return [(row["type"], f"{row['name']} ({row['hundredths'] / 100:g}%)") for row in rows]

    def categories(self) -> Choices:
        return [(row["name"], row["name"]) for row in self._rows("tracking") if row["name"]]

    def options_of(self, category: str) -> Choices:
        found: Sequence[str] = next(
            (row["options"] for row in self._rows("tracking") if row["name"] == category), []
        )
        return [(name, name) for name in found]

    def has_account(self, code: str) -> bool:
        return any(row["code"] == code for row in self._rows("accounts"))

    def suggested_tax(self, rule: str) -> str:
        """Answer the tax type that Australian organisations have for a rule of ours, where it is there."""
        usual = {"free": "EXEMPTOUTPUT", "taxable": "OUTPUT", "out": "BASEXCLUDED"}.get(rule, "")
        return usual if any(kind == usual for kind, _ in self.tax_types()) else ""

    def _accounts(self, wanted: Any) -> Choices:
        rows = [row for row in self._rows("accounts") if row["code"] and wanted(row)]
        return sorted((row["code"], f"{row['code']} {row['name']}") for row in rows)

    def _rows(self, name: str) -> list[dict[str, Any]]:
        rows = self.kept.get(name)
        return rows if isinstance(rows, list) else []
