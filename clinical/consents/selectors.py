"""Questions about consents: what holds now, what is missing, how somebody may be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404

from clinical.consents.models import Consent, ConsentKind, ContactPreference
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from accounts.models import User
    from clinical.patients.models import Patient

NOT_BY = {"phone": "no_phone", "sms": "no_sms", "email": "no_email", "post": "no_post"}
_NEEDS_CONSENT = frozenset({"sms", "email"})
ELECTRONIC = "electronic"


@dataclass(frozen=True)
class Stand:
    """What a patient last said to one kind, on a day."""

    kind: ConsentKind
    answer: Consent | None
    today: date

    @property
    def is_expired(self) -> bool:
        expires = self.answer.expires_on if self.answer else None
        return expires is not None and expires < self.today

    @property
    def is_given(self) -> bool:
        given = self.answer is not None and self.answer.answer == Consent.Answer.GIVEN
        return given and not self.is_expired

    @property
    def is_refused(self) -> bool:
        return self.answer is not None and self.answer.answer != Consent.Answer.GIVEN

    @property
    def is_missing(self) -> bool:
        return self.kind.is_required and not self.is_given

    @property
    def pill(self) -> tuple[str, str, str]:
        """Answer a word, a tone and a shape."""
        if self.answer is None:
            return ("Not asked", "warning" if self.kind.is_required else "neutral", "help-circle")
        if self.is_expired:
            return ("Expired", "warning", "clock-x")
        tones = {"given": ("success", "circle-check"), "refused": ("danger", "circle-x")}
        tone, icon = tones.get(self.answer.answer, ("danger", "circle-x"))
        return (self.answer.get_answer_display(), tone, icon)


@dataclass(frozen=True)
class Missing:
    """A consent that is required and does not stand."""

    name: str
    last_answer: str

    @property
    def words(self) -> str:
        said = {"given": "expired", "refused": "refused", "withdrawn": "withdrawn"}
        return f"{self.name} ({said.get(self.last_answer, 'not asked')})"


def kinds_in_use() -> Sequence[ConsentKind]:
    return list(ConsentKind.objects.filter(is_active=True))


def get_kind(_actor: User, pk: UUID) -> ConsentKind:
    return get_object_or_404(ConsentKind, pk=pk)


def stands_of(actor: User, patient: Patient, today: date) -> list[Stand]:
    """Answer each kind that is asked for, with the patient's last answer: two queries."""
    newest = {answer.kind_id: answer for answer in _newest(actor, patient)}
    return [Stand(kind, newest.get(kind.pk), today) for kind in kinds_in_use()]


def history_of(actor: User, patient: Patient) -> Sequence[Consent]:
    """Answer all that was ever said, the newest first."""
    found = Consent.objects.filter(patient=patient, patient__in=visible_patients(actor))
    return list(found.select_related("kind", "document"))


def missing_of(patient: Patient, today: date) -> list[Missing]:
    """Answer the required kinds that do not stand: two plain queries, for each page asks."""
    required = ConsentKind.objects.filter(is_active=True, is_required=True)
    kinds = list(required.values_list("pk", "name"))
    if not kinds:
        return []
    said = Consent.objects.filter(patient=patient).order_by("answered_on", "recorded_at", "id")
    newest = {
        kind: (answer, expiry)
        for kind, answer, expiry in said.values_list("kind_id", "answer", "expires_on")
    }
    missing = []
    for pk, name in kinds:
        answer, expiry = newest.get(pk, ("", None))
        if answer != Consent.Answer.GIVEN or (expiry is not None and expiry < today):
            missing.append(Missing(name, str(answer)))
    return missing


def preference_of(patient: Patient) -> ContactPreference:
    """Answer how the patient wants to be reached; one that says nothing where nobody asked."""
    found = ContactPreference.objects.filter(patient=patient).first()
    return found or ContactPreference(patient=patient)


def may_contact(patient: Patient, channel: str, *, today: date) -> str:
    """Answer why the patient may not be reached by this channel; nothing where they may.

    SMS and e-mail are allowed until refused: reminders are what the patient booked for (Spam Act 2003,
    factual messages); a refused or withdrawn `electronic` consent, or a flag, forbids them.
    """
    preference = preference_of(patient)
    flag = NOT_BY.get(channel)
    if flag and getattr(preference, flag):
        return "The patient does not want to be reached this way."
    if channel in _NEEDS_CONSENT:
        answer = Consent.objects.filter(patient=patient, kind__key=ELECTRONIC).first()
        if answer is not None and Stand(answer.kind, answer, today).is_refused:
            return "The patient has not consented to SMS and e-mail."
    return ""


def _newest(actor: User | None, patient: Patient) -> list[Consent]:
    found = Consent.objects.filter(patient=patient)
    if actor is not None:
        found = found.filter(patient__in=visible_patients(actor))
    newest = found.order_by("kind_id", "-answered_on", "-recorded_at", "-id").distinct("kind_id")
    return list(newest.select_related("document"))
