"""Forms about files of patients."""

from __future__ import annotations

from typing import Any

from django import forms

from clinical.documents.models import Document
from clinical.patients.forms import WrittenDateField

LINE = 200


class DocumentForm(forms.Form):
    """What a document is called and where it stands."""

    title = forms.CharField(max_length=LINE)
    category = forms.CharField(
        required=False, max_length=80, help_text="Such as Referral, Report, Plan, X-ray."
    )
    dated_on = WrittenDateField(required=False, label="Date")
    caption = forms.CharField(
        required=False, max_length=LINE, label="View", help_text="What an image shows, from where."
    )
    kind = forms.ChoiceField(
        choices=Document.Kind.choices,
        label="Stands among",
        widget=forms.RadioSelect,
        help_text="Images are shown side by side, documents in a list.",
    )

    def __init__(self, *args: Any, categories: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].widget.attrs["list"] = "categories"
        self.fields["kind"].choices = [("document", "Documents"), ("image", "Images")]  # type: ignore[attr-defined]
        self.categories = categories
