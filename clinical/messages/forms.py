"""Forms about messages to patients."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from clinical.messages.models import MessageTemplate, ReminderRule, TextSettings
from clinical.messages.quiet import current_text_settings, is_quiet
from clinical.messages.texting_models import LONGEST_OFFSET, Channel
from clinical.practice.selectors import appointment_types_in_use, locations_in_use

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


SHORT, LONG = 80, 2000


class TextForm(forms.Form):
    """What staff write to a patient."""

    body = forms.CharField(max_length=1000, label="Text", widget=forms.Textarea(attrs={"rows": 3}))
    when = forms.ChoiceField(
        choices=[("", "now"), ("now", "now"), ("later", "later")], required=False
    )


class ListForm(forms.Form):
    """Which part of a list is shown."""

    show = forms.CharField(required=False, max_length=10)
    day = forms.DateField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=1000)
    talk = forms.UUIDField(required=False)

    def asked(self) -> dict[str, Any]:
        """Answer what was asked for; what makes no sense is left out."""
        self.is_valid()
        said = self.cleaned_data
        return {
            "show": said.get("show") or "",
            "day": said.get("day"),
            "talk": said.get("talk"),
            "page": said.get("page") or 1,
        }


class LinkForm(forms.Form):
    """Whose number it is: a patient, or words to search by."""

    patient = forms.UUIDField(required=False)
    words = forms.CharField(required=False, max_length=100)


class WordsForm(forms.Form):
    """A template to be filled in for a patient."""

    template = forms.UUIDField()
    patient = forms.UUIDField(required=False)


class ActForm(forms.Form):
    """What is done to a reminder that is coming."""

    visit = forms.UUIDField()
    rule = forms.UUIDField()
    action = forms.ChoiceField(choices=[("hold", "hold"), ("skip", "skip"), ("send", "send")])


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    """Words with fields."""

    class Meta:
        model = MessageTemplate
        fields: ClassVar = ["name", "channel", "subject", "body", "is_quick"]
        widgets: ClassVar = {"body": forms.Textarea(attrs={"rows": 6})}
        labels: ClassVar = {
            "name": "Name of the template",
            "channel": "Goes out as",
            "subject": "Subject of the mail",
            "body": "Words",
            "is_quick": "Offer it where staff write to a patient",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].max_length = SHORT  # type: ignore[attr-defined]
        self.fields["subject"].help_text = "Of an e-mail only."

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("channel") == Channel.EMAIL and not said.get("subject", "").strip():
            self.add_error("subject", "A mail needs a subject.")
        if said.get("channel") == Channel.SMS:
            said["subject"] = ""
        for name, limit in (("name", SHORT), ("subject", 150), ("body", LONG)):
            if len(said.get(name) or "") > limit:
                self.add_error(name, f"At most {limit} characters.")
        return said


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """When which visits are reminded of."""

    class Meta:
        model = ReminderRule
        fields: ClassVar = [
            "amount", "unit", "template", "fallback", "appointment_type", "location",
            "window_from", "window_until", "avoids_weekends", "notice_hours", "skips_confirmed",
            "is_on",
        ]  # fmt: skip
        widgets: ClassVar = {
            "window_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "window_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        labels: ClassVar = {
            "amount": "How long before",
            "unit": "Days or hours",
            "template": "Words",
            "fallback": "Where that does not reach the patient",
            "appointment_type": "Kind of visit",
            "location": "Location",
            "window_from": "Not before",
            "window_until": "Not after",
            "avoids_weekends": "Not on weekends: on the Friday before instead",
            "notice_hours": "Booked later than",
            "skips_confirmed": "Leave out visits that are confirmed already",
            "is_on": "The rule is on",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        templates = MessageTemplate.objects.filter(is_active=True).order_by("channel", "name")
        for name in ("template", "fallback"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = templates
            field.label_from_instance = _named  # type: ignore[method-assign,assignment]
        self.fields["fallback"].empty_label = "Nothing; reception is told"  # type: ignore[attr-defined]
        self._offer("appointment_type", appointment_types_in_use(), "All kinds")
        self._offer("location", locations_in_use(), "All locations")
        self.fields[
            "notice_hours"
        ].help_text = (
            "Hours before a visit begins: visits booked later than that are not reminded of."
        )
        self.fields["window_from"].help_text = "On the clocks of the visit's location."
        self.fields["amount"].min_value = 1  # type: ignore[attr-defined]

    def _offer(self, name: str, choices: Any, empty: str) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset, field.empty_label = choices, empty

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        amount, first, last = (said.get(name) for name in ("amount", "window_from", "window_until"))
        if amount is not None and not 1 <= amount <= LONGEST_OFFSET:
            self.add_error("amount", f"Between 1 and {LONGEST_OFFSET}.")
        if first and last and first >= last:
            self.add_error("window_until", "It must be later than the first hour.")
        elif first and last:
            how = current_text_settings()
            if is_quiet(how, first) or is_quiet(how, last):
                self.add_error(
                    "window_until",
                    f"The clinic is quiet from {how.quiet_from:%H:%M} to {how.quiet_until:%H:%M}. "
                    "Choose hours outside of that.",
                )
        template, fallback = said.get("template"), said.get("fallback")
        if template and fallback and template.channel == fallback.channel:
            self.add_error("fallback", "Choose words that go out another way than the first.")
        return said


def _named(template: MessageTemplate) -> str:
    return f"{template.get_channel_display()}: {template.name}"


class TextSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """When it is quiet, and what follows an answer."""

    class Meta:
        model = TextSettings
        fields: ClassVar = [
            "quiet_from", "quiet_until", "on_no", "acknowledges", "thanks_yes", "thanks_no",
        ]  # fmt: skip
        widgets: ClassVar = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        labels: ClassVar = {
            "quiet_from": "Quiet from",
            "quiet_until": "Quiet until",
            "on_no": "When a patient answers N",
            "acknowledges": "Answer Y and N by a text",
            "thanks_yes": "After a Y",
            "thanks_no": "After an N",
        }
