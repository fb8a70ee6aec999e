"""Forms about messages to patients."""

from __future__ import annotations

from django import forms

PHONE_LENGTH = 40


class NoticeSettingsForm(forms.Form):
    """Whether and how patients are told of their visits."""

    is_on = forms.BooleanField(required=False, label="Tell patients by e-mail")
    phone = forms.CharField(
        required=False,
        max_length=PHONE_LENGTH,
        label="Telephone in the mail",
        help_text="Empty: the location's own.",
    )
    reply_to = forms.EmailField(
        required=False,
        label="Answers go to",
        help_text="Empty: nobody reads answers; the mail asks patients to call.",
    )
