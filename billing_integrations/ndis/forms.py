"""Forms of the NDIS pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django import forms

from billing_integrations.invoices.models import InvoiceLine
from billing_integrations.ndis.limits import RegionBook
from billing_integrations.ndis.models import CancellationReason
from billing_integrations.ndis.regions import Region
from billing_integrations.ndis.tables import MAX_BYTES
from clinical.practice.models import Location

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

ACCEPTED = ".csv,.txt,.xlsx"


class TableFileForm(forms.Form):
    """A CSV file or a workbook."""

    LABEL = "File"
    HELP = ""

    file = forms.FileField(
        label="File", widget=forms.ClearableFileInput(attrs={"accept": ACCEPTED})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].label = self.LABEL
        self.fields["file"].help_text = self.HELP

    def clean_file(self) -> Any:
        sent = self.cleaned_data["file"]
        if sent.size > MAX_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {MAX_BYTES // 1024**2} MB. Is it the right one?"
            )
        return sent


class PriceFileForm(TableFileForm):
    """The NDIA's support catalogue."""

    LABEL = "Support catalogue"
    HELP = (
        "The NDIS Support Catalogue as the NDIA publishes it, .xlsx or .csv. You see what was "
        "recognised before anything changes."
    )


class ResultsForm(TableFileForm):
    """The NDIA's answer to a bulk payment request."""

    LABEL = "Results file"
    HELP = "From the provider portal: the results of an uploaded payment request, .csv or .xlsx."


class UseForm(forms.Form):
    """From when a list holds."""

    valid_from = forms.DateField(
        label="Holds from",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Days before keep the list they have.",
    )
    may_leave_out = forms.BooleanField(
        required=False, label="Use the list without the rows that could not be read"
    )


class RegionsForm(forms.Form):
    """The region of each location."""

    usual = forms.ChoiceField(
        choices=Region.choices,
        label="Supports are delivered in",
        help_text="The price limits of this state or of remote places hold.",
    )

    def __init__(self, data: Any = None) -> None:
        book = RegionBook.read()
        super().__init__(data, initial={"usual": book.usual})
        self.locations = {
            f"location-{place.pk}": place for place in Location.objects.filter(is_active=True)
        }
        for name, place in self.locations.items():
            self.fields[name] = forms.ChoiceField(
                required=False,
                label=place.name,
                choices=[("", "As above"), *Region.choices],
                initial=book.by_location.get(place.pk, ""),
            )

    def by_location(self) -> dict[Location, str]:
        return {place: self.cleaned_data[name] for name, place in self.locations.items()}


class ClaimForm(forms.Form):
    """Which of the lines that are ready go into a bulk payment request."""

    everything = forms.BooleanField(required=False, widget=forms.HiddenInput)
    """More are ready than the page shows, and all are meant."""
    line = forms.MultipleChoiceField(required=False)

    def __init__(self, data: Any, *, ready: Sequence[UUID]) -> None:
        super().__init__(data)
        self.ready = ready
        line = self.fields["line"]
        assert isinstance(line, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        line.choices = [(str(pk), str(pk)) for pk in ready]
        line.error_messages["invalid_choice"] = (
            "A line is claimed or has a problem by now. Nothing was made: look again."
        )

    def chosen(self) -> list[UUID]:
        if self.cleaned_data["everything"]:
            return list(self.ready)
        ticked = set(self.cleaned_data["line"])
        return [pk for pk in self.ready if str(pk) in ticked]


class RefusalForm(forms.Form):
    """What the portal said of a file that it refused as a whole."""

    said = forms.CharField(max_length=500, required=False, label="What the portal said")


class ClaimDetailForm(forms.Form):
    """How one line is claimed."""

    claim_type = forms.ChoiceField(
        required=False, choices=InvoiceLine.ClaimType.choices, label="Claim type"
    )
    cancellation_reason = forms.ChoiceField(
        required=False,
        choices=[("", "Not a cancellation"), *CancellationReason.choices],
        label="Why it was cancelled",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_cancellation = cleaned.get("claim_type") == InvoiceLine.ClaimType.CANCELLATION
        if is_cancellation and not cleaned.get("cancellation_reason"):
            self.add_error("cancellation_reason", "A cancellation needs its reason.")
        if not is_cancellation:
            cleaned["cancellation_reason"] = ""
        return cleaned


class SendForm(forms.Form):
    """The invoices that are ticked; whose they are is looked up again."""

    def chosen(self) -> set[UUID]:
        """Answer the ids; what is none is left out."""
        found = set()
        for text in cast("QueryDict", self.data).getlist("invoice"):
            try:
                found.add(UUID(text))
            except ValueError:
                continue
        return found
