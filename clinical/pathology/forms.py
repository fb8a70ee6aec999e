"""What the pages about results send."""

from __future__ import annotations

from typing import Any

from django import forms

MOST_FILES = 50


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files at once."""

    widget = _Files

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"{MOST_FILES} files are taken at a time.")
        return [super(ManyFilesField, self).clean(file, initial) for file in files]


class UploadForm(forms.Form):
    upload = ManyFilesField(
        label="Files from the laboratory",
        help_text="HL7 messages (.hl7, .oru, .txt), one or many in a file, or PDFs; up to 20 MB each.",
        widget=_Files(attrs={"accept": ".hl7,.oru,.txt,.msg,.dat,.pdf", "multiple": True}),
    )


class ReviewForm(forms.Form):
    note = forms.CharField(
        required=False, max_length=2000, label="What follows from it",
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
