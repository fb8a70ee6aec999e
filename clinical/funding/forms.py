"""Forms of an NDIS plan and its budgets."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms

from clinical.contacts.models import Contact
from clinical.documents.models import Document
from clinical.funding.models import NdisPlan, PlanBudget
from clinical.funding.services import FIELDS, PlanChangedError
from clinical.patients.forms import WrittenDateField

if TYPE_CHECKING:
    from clinical.patients.models import Patient

    _ModelForm = forms.ModelForm[NdisPlan]
else:
    _ModelForm = forms.ModelForm

LINE = 200
TEXT = 10_000
CENTS = 100
MOST = Decimal(100_000_000)


class MoneyField(forms.DecimalField):
    """Dollars as people write them, 12,345.60 or $ 900; its value is cents."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=Decimal(0), max_value=MOST, decimal_places=2, **kwargs)
        self.widget = forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "0.00"}
        )

    def to_python(self, value: Any) -> Any:
        text = str(value or "").replace("$", "").replace(",", "").replace("\N{NO-BREAK SPACE}", "")
        return super().to_python(text.strip())

    def clean(self, value: Any) -> Any:
        amount = super().clean(value)
        return None if amount is None else int(amount * CENTS)


class PlanForm(_ModelForm):
    """A plan; saving is the service's."""

    starts_on = WrittenDateField(label="Starts")
    ends_on = WrittenDateField(label="Ends")
    contact = forms.ModelChoiceField(Contact.objects.none(), required=False)
    number = forms.CharField(required=False, max_length=LINE, label="Plan number")
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = NdisPlan
        fields: ClassVar = [name for name in FIELDS if name != "plan_manager"]
        widgets: ClassVar = {
            "goals": forms.Textarea(attrs={"rows": 3, "maxlength": TEXT}),
            "notes": forms.Textarea(attrs={"rows": 2, "maxlength": TEXT}),
        }

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("contact", Contact.objects.all()),
            ("document", Document.objects.filter(patient=patient).order_by("-pk")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = choices
        self.fields["document"].label = "The plan as a document"
        self.fields["document"].empty_label = "None"  # type: ignore[attr-defined]
        for name in ("goals", "notes"):
            self.fields[name].max_length = TEXT  # type: ignore[attr-defined]
        if self.instance._state.adding:  # noqa: SLF001 - Django's documented Model API
            self.initial.setdefault("starts_on", patient.plan_start)
            self.initial.setdefault("ends_on", patient.plan_end)
        else:
            self.initial["seen"] = self.instance.changed_at.isoformat()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("starts_on"), cleaned.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", "The plan ends before it starts. Check both dates.")
        return cleaned

    def columns(self) -> dict[str, Any]:
        columns = {name: self.cleaned_data.get(name) for name in FIELDS if name != "plan_manager"}
        return {**columns, "plan_manager": self.cleaned_data.get("contact")}

    def chosen(self) -> Contact | None:
        """Answer the plan manager who is chosen now, to show them."""
        if self.is_bound:
            found: Contact | None = getattr(self, "cleaned_data", {}).get("contact")
            return found
        return self.instance.plan_manager

    def seen_at(self) -> datetime:
        try:
            return datetime.fromisoformat(self.cleaned_data["seen"])
        except ValueError:
            raise PlanChangedError("The form is incomplete. Open it again.") from None


class BudgetForm(forms.Form):
    """One support category; without an amount it is left out."""

    category = forms.ChoiceField(choices=PlanBudget.Category.choices, label="Support category")
    amount = MoneyField(required=False, label="In the plan ($)")
    agreed = MoneyField(required=False, label="Agreed for us ($)")
    note = forms.CharField(required=False, max_length=LINE, label="Note")

    def columns(self) -> dict[str, Any] | None:
        cleaned = getattr(self, "cleaned_data", {})
        if cleaned.get("DELETE") or cleaned.get("amount") is None:
            return None
        return {
            "category": cleaned["category"],
            "amount_cents": cleaned["amount"],
            "agreed_cents": cleaned["agreed"],
            "note": cleaned["note"].strip(),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("amount") is None and cleaned.get("agreed") is not None:
            self.add_error("amount", "Say what the plan holds.")
        return cleaned


BUDGETS = forms.formset_factory(BudgetForm, extra=0, can_delete=True, max_num=30)


def budget_forms(data: Any, plan: NdisPlan | None = None) -> Any:
    """Make the formset: the plan's budgets, else the two that clinics use most."""
    rows = [
        {
            "category": budget.category,
            "amount": f"{budget.amount_cents / CENTS:.2f}",
            "agreed": "" if budget.agreed_cents is None else f"{budget.agreed_cents / CENTS:.2f}",
            "note": budget.note,
        }
        for budget in (plan.budgets.all() if plan else ())
    ]
    first = [{"category": PlanBudget.Category.C15}, {"category": PlanBudget.Category.C01}]
    return BUDGETS(data, prefix="budget", initial=rows or first)
