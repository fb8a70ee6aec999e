"""Forms of invoices, payments, the price list and the clinic's billing details."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db.models import Q
from stdnum.au import abn as abn_numbers
from stdnum.exceptions import ValidationError as NumberError

from billing_integrations.invoices.models import (
    BillingDetails,
    CancellationRule,
    FundingPayer,
    GstRule,
    InvoiceLine,
    PayerKind,
    Payment,
    Price,
    PriceItem,
    Unit,
)
from billing_integrations.invoices.money import quantity
from billing_integrations.invoices.services import Charge
from clinical.contacts.models import Contact
from clinical.funding.forms import MoneyField
from clinical.patients.forms import WrittenDateField
from clinical.practice.models import AppointmentType, FundingType, Location

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billing_integrations.invoices.models import Invoice

    _DetailsForm = forms.ModelForm[BillingDetails]
    _ItemForm = forms.ModelForm[PriceItem]
    _RuleForm = forms.ModelForm[CancellationRule]
else:
    _DetailsForm = _ItemForm = _RuleForm = forms.ModelForm

LINE = 300
TEXT = 2_000
CENTS = 100


def written(cents: int | None) -> str:
    """Write cents as a money field takes them."""
    return "" if cents is None else f"{cents // CENTS}.{cents % CENTS:02d}"


class DraftForm(forms.Form):
    """Who pays, and what is said besides the lines."""

    payer_kind = forms.ChoiceField(choices=PayerKind.choices, label="Who pays")
    contact = forms.ModelChoiceField(Contact.objects.all(), required=False)
    reference = forms.CharField(
        required=False,
        max_length=100,
        label="Their reference",
        help_text="A claim, an order or a file number; printed.",
    )
    due_on = WrittenDateField(required=False, label="Due")
    note = forms.CharField(
        required=False,
        max_length=TEXT,
        label="Note on the invoice",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": TEXT}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("payer_kind") == PayerKind.CONTACT and not cleaned.get("contact"):
            self.add_error("payer_kind", "Choose who pays from the address book.")
        return cleaned

    def columns(self) -> dict[str, Any]:
        kind = self.cleaned_data["payer_kind"]
        return {
            "payer_kind": kind,
            "contact": self.cleaned_data["contact"] if kind == PayerKind.CONTACT else None,
            "reference": self.cleaned_data["reference"].strip(),
            "due_on": self.cleaned_data["due_on"],
            "note": self.cleaned_data["note"].strip(),
        }

    def chosen(self) -> Contact | None:
        if self.is_bound:
            found: Contact | None = getattr(self, "cleaned_data", {}).get("contact")
            return found
        return self.initial.get("contact")


class LineForm(forms.Form):
    """One line; without a description and a price it is left out."""

    line = forms.CharField(required=False, widget=forms.HiddenInput)
    item = forms.ModelChoiceField(
        PriceItem.objects.none(), required=False, label="Item", empty_label="Free text"
    )
    description = forms.CharField(required=False, max_length=LINE, label="Description")
    service_date = WrittenDateField(required=False, label="Date of service")
    quantity = forms.DecimalField(
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(10_000),
        decimal_places=2,
        label="Quantity",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    price = MoneyField(required=False, label="Price ($)")
    gst_rule = forms.ChoiceField(choices=GstRule.choices, required=False, label="GST")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        has_words = bool(cleaned.get("description") or cleaned.get("item"))
        if has_words and cleaned.get("price") is None and "price" not in self.errors:
            self.add_error("price", "Write the price.")
        if cleaned.get("price") is not None and not has_words:
            self.add_error("description", "Write what it is for.")
        return cleaned

    def charge(self, before: dict[str, InvoiceLine]) -> Charge | None:
        """Answer the line as a charge; a line that stood keeps its visit and who gave it."""
        asked = getattr(self, "cleaned_data", {})
        if asked.get("DELETE") or asked.get("price") is None:
            return None
        item, old = asked.get("item"), before.get(asked.get("line") or "")
        same = old is not None and old.item_id == (item.pk if item else None)
        count = asked.get("quantity") or Decimal(1)
        return Charge(
            description=asked["description"].strip() or (item.name if item else ""),
            unit_cents=asked["price"],
            quantity_hundredths=int(count * CENTS),
            unit=(old.unit if same and old else item.unit if item else Unit.EACH),
            gst_rule=asked.get("gst_rule") or (item.gst_rule if item else GstRule.FREE),
            code=old.code if same and old else (item.code if item else ""),
            service_date=asked.get("service_date"),
            item=item,
            appointment=old.appointment if old else None,
            practitioner=old.practitioner if old else None,
            location=old.location if old else None,
            rebate_cents=old.rebate_cents
            if same and old
            else (item.rebate_cents if item else None),
            income_account=old.income_account
            if same and old
            else (item.income_account if item else ""),
            claim_type=old.claim_type if same and old else "",
            cancellation_reason=old.cancellation_reason if same and old else "",
        )


if TYPE_CHECKING:
    _LineSet = forms.BaseFormSet[LineForm]
else:
    _LineSet = forms.BaseFormSet


class _LineForms(_LineSet):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = list(PriceItem.objects.filter(is_active=True))

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        field = form.fields["item"]
        # One list for all rows, instead of a query for each.
        field.queryset = PriceItem.objects.all() if self.is_bound else PriceItem.objects.none()
        field.widget.choices = [("", "Free text"), *((item.pk, str(item)) for item in self.items)]


_LINES = forms.formset_factory(LineForm, formset=_LineForms, extra=0, can_delete=True, max_num=200)


def line_forms(data: Any, lines: Iterable[InvoiceLine] = (), *, extra: int = 0) -> Any:
    rows = [
        {
            "line": str(line.pk),
            "item": line.item_id,
            "description": line.description,
            "service_date": line.service_date,
            "quantity": quantity(line.quantity_hundredths),
            "price": written(line.unit_cents),
            "gst_rule": line.gst_rule,
        }
        for line in lines
    ]
    return _LINES(data, prefix="line", initial=rows or [{"quantity": "1"}] * max(extra, 1))


class PaymentForm(forms.Form):
    """Money that came in."""

    amount = MoneyField(label="Amount ($)")
    paid_on = WrittenDateField(label="Date")
    method = forms.ChoiceField(choices=Payment.Method.choices, label="How")
    reference = forms.CharField(required=False, max_length=100, label="Reference")
    note = forms.CharField(required=False, max_length=LINE, label="Note")

    def clean_amount(self) -> int:
        cents: int = self.cleaned_data["amount"]
        if cents <= 0:
            raise forms.ValidationError("Write an amount above nothing.")
        return cents

    def columns(self) -> dict[str, Any]:
        return {
            "on": self.cleaned_data["paid_on"],
            "method": self.cleaned_data["method"],
            "reference": self.cleaned_data["reference"].strip(),
            "note": self.cleaned_data["note"].strip(),
        }


class RefundForm(forms.Form):
    amount = MoneyField(label="Amount ($)")
    method = forms.ChoiceField(choices=Payment.Method.choices, label="How")
    reference = forms.CharField(required=False, max_length=100, label="Reference")
    reason = forms.CharField(required=False, max_length=LINE, label="Reason")


class CreditForm(forms.Form):
    """How much of each line is taken back."""

    reason = forms.CharField(
        max_length=LINE, label="Reason", help_text="Printed on the credit note."
    )

    def __init__(self, *args: Any, invoice: Invoice, left: dict[Any, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = left
        for line in invoice.lines.all():
            if line.pk in left:
                self.fields[f"line-{line.pk}"] = MoneyField(
                    required=False,
                    label=line.description,
                    help_text=f"At most {written(left[line.pk])}.",
                    initial=written(left[line.pk]),
                )

    def shares(self) -> dict[Any, int]:
        return {pk: cents for pk in self.left if (cents := self.cleaned_data[f"line-{pk}"])}


class PayerForm(forms.Form):
    """Who pays for a patient's visits."""

    funding_type = forms.ModelChoiceField(
        FundingType.objects.filter(is_active=True),
        required=False,
        label="For visits funded by",
        empty_label="Any funding",
    )
    payer_kind = forms.ChoiceField(choices=PayerKind.choices, label="Who pays")
    contact = forms.ModelChoiceField(Contact.objects.all(), required=False)
    reference = forms.CharField(required=False, max_length=100, label="Their reference")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("payer_kind") == PayerKind.CONTACT and not cleaned.get("contact"):
            self.add_error("payer_kind", "Choose who pays from the address book.")
        return cleaned


class DetailsForm(_DetailsForm):
    """The clinic as its invoices name it."""

    abn = forms.CharField(
        required=False, max_length=20, label="ABN", help_text="Eleven digits; they are checked."
    )
    charge_since = WrittenDateField(
        required=False,
        label="Charge visits from",
        help_text="Visits before this day were charged elsewhere. Empty: the last 60 days.",
    )

    class Meta:
        model = BillingDetails
        fields: ClassVar = [
            *("legal_name", "abn", "is_gst_registered", "address", "phone", "email"),
            *("account_name", "bsb", "account_number"),
            *("invoice_prefix", "due_days", "charge_since", "footer_text", "ndis_registration"),
        ]
        widgets: ClassVar = {
            "address": forms.Textarea(attrs={"rows": 3}),
            "footer_text": forms.Textarea(attrs={"rows": 2, "maxlength": TEXT}),
        }
        labels: ClassVar = {
            "legal_name": "Legal name",
            "is_gst_registered": "Registered for GST",
            "email": "E-mail",
            "account_name": "Account name",
            "bsb": "BSB",
            "account_number": "Account number",
            "invoice_prefix": "Invoice numbers begin with",
            "due_days": "Days until an invoice is due",
            "footer_text": "At the foot of each invoice",
            "ndis_registration": "NDIS registration number",
        }
        help_texts: ClassVar = {
            "is_gst_registered": "Invoices are then called tax invoices.",
            "invoice_prefix": "Numbers go on without gaps; a new prefix starts with the next one.",
            "ndis_registration": "For claims to the NDIA; empty where you are not registered.",
        }

    def clean_abn(self) -> str:
        given: str = self.cleaned_data["abn"]
        if not given.strip():
            return ""
        try:
            return str(abn_numbers.validate(given))
        except NumberError:
            raise forms.ValidationError(
                "This is no ABN: a digit is wrong or missing. Compare it with the register."
            ) from None

    def clean_bsb(self) -> str:
        given: str = self.cleaned_data["bsb"]
        digits = "".join(filter(str.isdigit, given))
        if given and len(digits) != 6:  # noqa: PLR2004
            raise forms.ValidationError("A BSB has six digits.")
        return f"{digits[:3]}-{digits[3:]}" if digits else ""


class ItemForm(_ItemForm):
    rebate = MoneyField(required=False, label="Medicare rebate ($)")

    class Meta:
        model = PriceItem
        fields: ClassVar = [
            *("code", "name", "unit", "gst_rule", "income_account", "note", "is_active")
        ]
        labels: ClassVar = {
            "gst_rule": "GST",
            "income_account": "Income account",
            "is_active": "In use",
        }
        help_texts: ClassVar = {
            "code": "The scheme's item number (NDIS, MBS, DVA), or your own.",
            "gst_rule": "Which services are GST-free is your decision: ask your accountant.",
            "income_account": "The account code in your accounting package.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:  # noqa: SLF001 - Django's documented Model API
            self.fields.pop("is_active")
        else:
            self.initial["rebate"] = written(self.instance.rebate_cents)

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).strip()


class PriceForm(forms.Form):
    """A price of an item; without an amount it is left out."""

    price = MoneyField(required=False, label="Price ($)")
    appointment_type = forms.ModelChoiceField(
        AppointmentType.objects.none(), required=False, label="For", empty_label="Any visit"
    )
    funding_type = forms.ModelChoiceField(
        FundingType.objects.none(), required=False, label="Funded by", empty_label="Any funding"
    )
    valid_from = WrittenDateField(required=False, label="From")
    valid_to = WrittenDateField(required=False, label="To", help_text="Empty: until further notice")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("valid_from"), cleaned.get("valid_to")
        if cleaned.get("price") is not None and not first and "valid_from" not in self.errors:
            self.add_error("valid_from", "Say from which day.")
        if first and last and last < first:
            self.add_error("valid_to", "It ends before it starts.")
        return cleaned

    def columns(self) -> dict[str, Any] | None:
        asked = getattr(self, "cleaned_data", {})
        if asked.get("DELETE") or asked.get("price") is None:
            return None
        names = ("appointment_type", "funding_type", "valid_from", "valid_to")
        return {"cents": asked["price"], **{name: asked[name] for name in names}}


if TYPE_CHECKING:
    _PriceSet = forms.BaseFormSet[PriceForm]
else:
    _PriceSet = forms.BaseFormSet


class _PriceForms(_PriceSet):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = list(AppointmentType.objects.filter(is_active=True))
        self.funding = list(FundingType.objects.filter(is_active=True))

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        lists: tuple[tuple[str, list[Any], Any, str], ...] = (
            ("appointment_type", self.kinds, AppointmentType, "Any visit"),
            ("funding_type", self.funding, FundingType, "Any funding"),
        )
        for name, rows, model, nothing in lists:
            field = form.fields[name]
            if self.is_bound:
                field.queryset = model.objects.all()
            field.widget.choices = [("", nothing), *((row.pk, str(row)) for row in rows)]


_PRICES = forms.formset_factory(
    PriceForm, formset=_PriceForms, extra=0, can_delete=True, max_num=100
)


def price_forms(data: Any, prices: Iterable[Price] = ()) -> Any:
    rows = [
        {
            "price": written(price.cents),
            "appointment_type": price.appointment_type_id,
            "funding_type": price.funding_type_id,
            "valid_from": price.valid_from,
            "valid_to": price.valid_to,
        }
        for price in prices
    ]
    return _PRICES(data, prefix="price", initial=rows or [{}])


class RuleForm(_RuleForm):
    """When a visit that did not take place is charged."""

    class Meta:
        model = CancellationRule
        fields: ClassVar = [
            *("applies_to", "within_hours", "appointment_type", "funding_type"),
            *("item", "percent", "is_automatic", "is_active"),
        ]
        labels: ClassVar = {
            "applies_to": "When a visit is",
            "within_hours": "Hours before the visit",
            "appointment_type": "Kind of visit",
            "funding_type": "Funded by",
            "percent": "Percent of the price",
            "is_automatic": "Draft the fee by itself",
            "is_active": "In use",
        }
        help_texts: ClassVar = {
            "within_hours": "Only where it was given up so late, or later. Empty: always.",
            "item": "Empty: the item of the visit itself.",
            "is_automatic": "A person still issues it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, nothing in (
            ("appointment_type", "Any"),
            ("funding_type", "Any"),
            ("item", "The visit's own"),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = field.queryset.filter(  # type: ignore[union-attr]
                Q(is_active=True) | Q(pk=getattr(self.instance, f"{name}_id", None))
            )
            field.empty_label = nothing


class TypeItemForm(forms.Form):
    """What a kind of visit is charged as."""

    appointment_type = forms.ModelChoiceField(AppointmentType.objects.filter(is_active=True))
    funding_type = forms.ModelChoiceField(
        FundingType.objects.filter(is_active=True), required=False, empty_label="Any funding"
    )
    item = forms.ModelChoiceField(PriceItem.objects.filter(is_active=True))


class FundingPayerForm(forms.Form):
    funding_type = forms.ModelChoiceField(FundingType.objects.all())
    kind = forms.ChoiceField(choices=FundingPayer.Kind.choices)
    contact = forms.ModelChoiceField(Contact.objects.all(), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") == FundingPayer.Kind.CONTACT and not cleaned.get("contact"):
            raise forms.ValidationError("Choose who pays from the address book.")
        return cleaned


class MailForm(forms.Form):
    address = forms.EmailField(label="To", max_length=254)


class ChooseForm(forms.Form):
    """Narrows a list of invoices."""

    view = forms.CharField(required=False, max_length=10)
    payer = forms.CharField(required=False, max_length=40)
    since = WrittenDateField(required=False, label="From")
    until = WrittenDateField(required=False, label="To")
    location = forms.ModelChoiceField(Location.objects.all(), required=False)
    number = forms.CharField(required=False, max_length=40)
