"""The form that says how a clinic's business is booked in Xero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms

from billing_integrations.invoices.models import GstRule, Payment, PriceItem
from billing_integrations.xero.chart import Chart
from billing_integrations.xero.models import XeroSettings
from clinical.practice.models import AppointmentType, Location, Practitioner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.forms import BoundField

    from billing_integrations.xero.chart import Choices

SPARE_ROWS = 3
MOST_ROWS = 200
NEEDED = {"income_default", "bank_default", "tax_free"}
"""Without these no invoice can be booked."""
_DEFAULT = "As all others"
_NOT_TOLD = "Not told to Xero"


@dataclass(frozen=True)
class ItemRow:
    """Three fields of one exception: which item, its account, its tax rate."""

    item: BoundField
    account: BoundField
    tax: BoundField


class BookingForm(forms.Form):
    """Choices come from what was read of the organisation; ids of ours stand in the fields' names."""

    go_live = forms.DateField(
        label="Send invoices issued from",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Older ones are never sent. Empty: none is sent yet.",
    )
    number_prefix = forms.RegexField(
        label="Put before each invoice number",
        regex=r"^[A-Za-z0-9-]*$",
        max_length=20,
        required=False,
        help_text="Only where Xero has such numbers already, for example NX-.",
        error_messages={"invalid": "Use letters, digits and hyphens only."},
    )
    naming = forms.ChoiceField(
        label="Patients are called in Xero by",
        choices=XeroSettings.Naming.choices,
        help_text="Other payers, such as a plan manager, by their own name.",
    )
    wording = forms.ChoiceField(label="A line says", choices=XeroSettings.Wording.choices)
    neutral_words = forms.CharField(
        label="The neutral words",
        max_length=100,
        required=False,
        help_text="Also for lines that are not on the price list.",
    )

    def __init__(self, settings: XeroSettings, given: Any = None) -> None:
        super().__init__(given, initial=_initial(settings))
        self.settings, self.chart = settings, Chart(settings.chart)
        self.types = list(AppointmentType.objects.filter(is_active=True))
        self.people = list(Practitioner.objects.filter(is_active=True))
        self.places = list(Location.objects.filter(is_active=True))
        self.items = list(PriceItem.objects.filter(is_active=True).only("code", "name"))
        self._add_income()
        self._add_money()
        self._add_tags("practitioner", self.people, "Clinicians as")
        self._add_tags("location", self.places, "Locations as")

    # ── fields ────────────────────────────────────────────────────────────────────────────────

    def _choice(
        self, name: str, label: str, choices: Choices, empty: str, given: Any, **more: Any
    ) -> None:
        offered = [("", empty), *choices]
        given = str(given or "")
        if given and all(given != value for value, _ in offered):
            offered.append((given, f"{given} (not in Xero any more)"))
        needed = name in NEEDED
        self.fields[name] = forms.ChoiceField(
            label=label, choices=offered, required=needed, initial=given, **more
        )

    def _add_income(self) -> None:
        income, taxes = self.settings.income, self.settings.taxes
        accounts, kinds = self.chart.income_accounts(), self.chart.tax_types()
        self._choice("income_default", "Income goes to", accounts, "Choose…", income.get("default"))
        types = income.get("types") or {}
        for one in self.types:
            given = types.get(str(one.pk))
            self._choice(f"type_{one.pk.hex}", one.name, accounts, _DEFAULT, given)
        for rule in GstRule:
            given = taxes.get(rule.value)
            self._choice(f"tax_{rule.value}", rule.label, kinds, "Choose…", given)
        known = {str(item.pk): item.code for item in self.items}
        by_item, tax_by_item = income.get("items") or {}, taxes.get("items") or {}
        exceptions = [pk for pk in {**by_item, **tax_by_item} if pk in known]
        self.rows = min(len(exceptions) + SPARE_ROWS, MOST_ROWS)
        for place in range(self.rows):
            pk = exceptions[place] if place < len(exceptions) else ""
            self.fields[f"item_{place}"] = forms.CharField(
                label="Item",
                required=False,
                initial=known.get(pk, ""),
                widget=forms.TextInput(attrs={"list": "xero-items", "autocomplete": "off"}),
            )
            self._choice(f"account_{place}", "Account", accounts, _DEFAULT, by_item.get(pk))
            self._choice(f"rate_{place}", "Tax", kinds, _DEFAULT, tax_by_item.get(pk))

    def _add_money(self) -> None:
        banks = self.settings.banks
        accounts = self.chart.payment_accounts()
        self._choice("bank_default", "Payments go to", accounts, "Choose…", banks.get("default"))
        for method in Payment.Method:
            if method != Payment.Method.XERO:
                given = banks.get(method.value)
                self._choice(f"bank_{method.value}", method.label, accounts, _DEFAULT, given)
        self._choice(
            "write_off_account",
            "What is written off goes to",
            self.chart.write_off_accounts(),
            "It is not told to Xero",
            self.settings.write_off_account,
        )

    def _add_tags(self, way: str, rows: Iterable[Any], label: str) -> None:
        chosen = self.settings.tags.get(way) or {}
        category = str(chosen.get("category") or "")
        if self.chart.categories() or category:
            self._choice(f"tag_{way}", label, self.chart.categories(), _NOT_TOLD, category)
        if not category:
            return
        options = chosen.get("options") or {}
        for row in rows:
            given = options.get(str(row.pk))
            offered = self.chart.options_of(category)
            self._choice(f"tag_{way}_{row.pk.hex}", str(row), offered, "No option", given)

    # ── parts of the page ─────────────────────────────────────────────────────────────────────

    def _bound(self, start: str, *, but: Sequence[str] = ()) -> list[BoundField]:
        return [self[name] for name in self.fields if name.startswith(start) and name not in but]

    @property
    def type_fields(self) -> list[BoundField]:
        return self._bound("type_")

    @property
    def tax_fields(self) -> list[BoundField]:
        return self._bound("tax_")

    @property
    def bank_fields(self) -> list[BoundField]:
        return self._bound("bank_", but=["bank_default"])

    @property
    def has_bank_choices(self) -> bool:
        return any(field.value() for field in self.bank_fields)

    @property
    def item_rows(self) -> list[ItemRow]:
        return [
            ItemRow(self[f"item_{place}"], self[f"account_{place}"], self[f"rate_{place}"])
            for place in range(self.rows)
        ]

    @property
    def tag_groups(self) -> list[tuple[BoundField, list[BoundField]]]:
        return [
            (self[f"tag_{way}"], self._bound(f"tag_{way}_"))
            for way in ("practitioner", "location")
            if f"tag_{way}" in self.fields
        ]

    # ── answers ───────────────────────────────────────────────────────────────────────────────

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        codes = {item.code.casefold(): str(item.pk) for item in self.items}
        for place in range(self.rows):
            code = str(given.get(f"item_{place}") or "").strip()
            if code and code.casefold() not in codes:
                self.add_error(f"item_{place}", "There is no item of this code on the price list.")
        ways = [given.get("tag_practitioner"), given.get("tag_location")]
        if ways[0] and ways[0] == ways[1]:
            self.add_error("tag_location", "Clinicians and locations need a category each.")
        return given

    def changes(self) -> dict[str, Any]:
        """Answer what is to be stored, as `services.save_settings` takes it."""
        given = self.cleaned_data
        codes = {item.code.casefold(): str(item.pk) for item in self.items}
        accounts, rates = {}, {}
        for place in range(self.rows):
            pk = codes.get(str(given.get(f"item_{place}") or "").strip().casefold())
            if pk and given[f"account_{place}"]:
                accounts[pk] = given[f"account_{place}"]
            if pk and given[f"rate_{place}"]:
                rates[pk] = given[f"rate_{place}"]
        types = {str(one.pk): given[f"type_{one.pk.hex}"] for one in self.types}
        return {
            "income": {
                "default": given["income_default"],
                "types": _filled(types),
                "items": accounts,
            },
            "taxes": _filled({rule.value: given[f"tax_{rule.value}"] for rule in GstRule})
            | {"items": rates},
            "banks": _filled(
                {
                    field.name.removeprefix("bank_"): given[field.name]
                    for field in self._bound("bank_")
                }
            ),
            "tags": {
                "practitioner": self._tags("practitioner", self.people),
                "location": self._tags("location", self.places),
            },
            **{
                name: given[name]
                for name in (
                    "write_off_account",
                    "number_prefix",
                    "go_live",
                    "naming",
                    "wording",
                    "neutral_words",
                )
            },
        }

    def _tags(self, way: str, rows: Iterable[Any]) -> dict[str, Any]:
        """Answer a way's choices; with another category, options of the same names are taken."""
        category = str(self.cleaned_data.get(f"tag_{way}") or "")
        if not category:
            return {}
        former = self.settings.tags.get(way) or {}
        if category != former.get("category"):
            names = {name.casefold(): name for name, _ in self.chart.options_of(category)}
            options = {
                str(row.pk): names.get(str(row).casefold()) or names.get(row.name.casefold()) or ""
                for row in rows
            }
        else:
            options = {
                str(row.pk): self.cleaned_data.get(f"tag_{way}_{row.pk.hex}") or "" for row in rows
            }
        return {"category": category, "options": _filled(options)}


def _filled(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value}


def _initial(settings: XeroSettings) -> dict[str, Any]:
    names = ("go_live", "number_prefix", "naming", "wording", "neutral_words")
    return {name: getattr(settings, name) for name in names}
