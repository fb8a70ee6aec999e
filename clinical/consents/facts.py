"""What the head of a record and the drawer say of consents, of reaching and understanding the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from clinical.consents.selectors import missing_of, preference_of
from clinical.patients.header import Banner, Fact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.models import User
    from clinical.consents.models import ContactPreference
    from clinical.patients.models import Patient

_FLAGS = (
    ("no_phone", "phone"),
    ("no_sms", "SMS"),
    ("no_email", "e-mail"),
    ("no_post", "letters"),
)


def consents(_actor: User, patient: Patient, now: datetime) -> Iterator[Banner | Fact]:
    missing = missing_of(patient, timezone.localdate(now))
    url = reverse("consents:list", kwargs={"pk": patient.pk})
    if missing:
        words = ", ".join(one.words for one in missing)
        yield Banner(
            "Consent missing", f"{words}.", url=url, url_label="Record it", icon="signature",
            order=20, quiet=True,
        )  # fmt: skip
    else:
        yield Fact("Consents", "all given", url=url, order=45)


def preferences(_actor: User, patient: Patient, _now: datetime) -> Iterator[Banner | Fact]:
    preference = preference_of(patient)
    url = reverse("consents:list", kwargs={"pk": patient.pk})
    not_by = [word for name, word in _FLAGS if getattr(preference, name)]
    if not_by:
        yield Banner(
            f"Do not contact by {_joined(not_by)}", tone="warning", icon="message-off",
            url=url, url_label="Preferences", order=22, quiet=True,
        )  # fmt: skip
    if needs := _needs(preference):
        yield Banner(
            needs[0], needs[1], tone="info", icon="info-circle",
            url=url, url_label="Preferences", order=24, quiet=True,
        )  # fmt: skip
    if preference.channel:
        note = preference.best_time
        yield Fact(
            "Reach by",
            preference.get_channel_display(),
            note=note,
            url=url,
            order=47,
            in_drawer=True,
        )


def _needs(preference: ContactPreference) -> tuple[str, str] | None:
    if preference.needs_interpreter:
        language = f" ({preference.language})" if preference.language else ""
        return f"Needs an interpreter{language}", preference.access_needs
    if preference.access_needs:
        return "Access", preference.access_needs
    return None


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
