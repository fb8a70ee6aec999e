"""The verbs about letters and their templates. A final letter is corrected by another one only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from clinical.letters.merge_fields import address_lines, fields_left, merge
from clinical.letters.models import Letter, LetterCopy, LetterTemplate, LetterTemplateVersion
from clinical.letters.selectors import facts_for
from clinical.letters.standard import STANDARD
from clinical.patients.papers import record_paper, swap
from clinical.practice.models import Location
from clinical.practice.rules import require
from clinical.practice.selectors import practitioner_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.contacts.models import Contact
    from clinical.patients.models import Patient

FIELDS = ("recipient", "subject", "body", "letter_date", "practitioner", "location")
LINE = 300
MOST_COPIES = 20
TEXT = 100_000


class LetterError(ValueError):
    """What was asked for cannot be done to this letter; the message is for a person."""


class LetterFinalError(LetterError):
    """A final letter is not changed."""


class LetterChangedError(LetterError):
    """Somebody else has saved the letter since the actor read it."""


class UnfinishedLetterError(LetterError):
    """Something is missing before the letter can be final."""


class CorrectedLetterError(LetterError):
    """There is a later version of the letter already."""


class CopyError(LetterError):
    """Nobody can be put below the letter like this."""


class TemplateError(LetterError):
    """The template cannot be kept like this."""


class TemplateChangedError(TemplateError):
    """Somebody else has saved the template since the actor read it."""


@dataclass(frozen=True)
class Filled:
    """What became of the fields in a text that was saved: see `merge_fields.Merged`."""

    unknown: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


@transaction.atomic
def start_letter(
    patient: Patient,
    *,
    actor: User,
    at: datetime,
    practice: str,
    template: LetterTemplate | None = None,
    contact: Contact | None = None,
    to_patient: bool = False,
) -> Letter:
    """Begin a draft from a template, addressed, with its fields filled in.

    `practice` is how the clinic calls itself.
    """
    require(actor, Action.CREATE, Resource.LETTERS)
    letter = Letter(
        patient=patient,
        contact=contact,
        practitioner=practitioner_of(actor),
        location=patient.location or Location.objects.filter(is_active=True).first(),
        author=actor,
        author_name=actor.name,
        recipient="\n".join(_recipient(patient, contact, to_patient=to_patient)),
        subject=template.subject if template else "",
        body=template.body if template else "",
        letter_date=timezone.localdate(at),
    )
    _fill_in(letter, at=at, practice=practice)
    letter.save()
    return letter


@transaction.atomic
def save_letter(
    letter: Letter,
    *,
    actor: User,
    at: datetime,
    practice: str,
    revision: int,
    fields: Mapping[str, Any],
) -> Filled:
    """Keep the draft; fields that were typed into it are filled in.

    Raises LetterFinalError, LetterChangedError.
    """
    require(actor, Action.CHANGE, Resource.LETTERS)
    _check_draft(letter)
    _take(letter, fields)
    filled = _fill_in(letter, at=at, practice=practice)
    _swap(letter, at=at, revision=revision, **{name: getattr(letter, name) for name in FIELDS})
    return filled


@transaction.atomic
def finalise_letter(
    letter: Letter,
    *,
    actor: User,
    at: datetime,
    practice: str,
    revision: int,
    fields: Mapping[str, Any],
) -> Letter:
    """Keep the letter and lock it; raises UnfinishedLetterError naming what is missing."""
    save_letter(letter, actor=actor, at=at, practice=practice, revision=revision, fields=fields)
    left = fields_left(f"{letter.recipient}\n{letter.subject}\n{letter.body}")
    if left:
        names = ", ".join(f"{{{{{name}}}}}" for name in left)
        raise UnfinishedLetterError(f"Write something in place of {names} first.")
    if not letter.body.strip():
        raise UnfinishedLetterError("This letter has no text yet.")
    columns = {"state": Letter.State.FINAL, "finalised_at": at}
    return _swap(letter, at=at, revision=letter.revision, **columns)


@transaction.atomic
def mark_sent(letter: Letter, *, actor: User, at: datetime) -> Letter:
    """Put on record that a final letter went out."""
    require(actor, Action.CHANGE, Resource.LETTERS)
    if letter.state != Letter.State.FINAL:
        raise UnfinishedLetterError("Only a final letter can be marked as sent.")
    return _swap(letter, at=at, revision=letter.revision, state=Letter.State.SENT)


@transaction.atomic
def copy_letter(letter: Letter, *, actor: User, at: datetime) -> Letter:
    """Begin a new draft with the text of another letter of the same patient."""
    require(actor, Action.CREATE, Resource.LETTERS)
    return _copied(letter, actor, at)


@transaction.atomic
def correct_letter(letter: Letter, *, actor: User, at: datetime) -> Letter:
    """Begin the next version of a final letter, or answer the draft of it that there is.

    Both stay on record. Raises UnfinishedLetterError for a draft, CorrectedLetterError.
    """
    require(actor, Action.CREATE, Resource.LETTERS)
    if letter.is_draft:
        raise UnfinishedLetterError("A draft needs no correction: change it.")
    Letter.objects.select_for_update().get(pk=letter.pk)  # one correction, however many clicks
    later = Letter.objects.filter(replaces=letter).first()
    if later is None:
        return _copied(letter, actor, at, replaces=letter, version=letter.version + 1)
    if not later.is_draft:
        raise CorrectedLetterError("This letter was corrected already: correct the later version.")
    return later


def _copied(letter: Letter, actor: User, at: datetime, **more: Any) -> Letter:
    copied = Letter.objects.create(
        patient=letter.patient,
        contact=letter.contact,
        practitioner=practitioner_of(actor) or letter.practitioner,
        location=letter.location or letter.patient.location,
        author=actor,
        author_name=actor.name,
        recipient=letter.recipient,
        subject=letter.subject,
        body=letter.body,
        letter_date=timezone.localdate(at),
        **more,
    )
    LetterCopy.objects.bulk_create(
        LetterCopy(letter=copied, contact=copy.contact, name=copy.name)
        for copy in letter.copies.select_related("contact")
    )
    return copied


@transaction.atomic
def add_copy(letter: Letter, contact: Contact, *, actor: User) -> None:
    """Put somebody of the address book below a draft as cc; once, however often it is asked."""
    require(actor, Action.CHANGE, Resource.LETTERS)
    _check_draft(letter)
    if letter.copies.count() >= MOST_COPIES:
        raise CopyError(f"At most {MOST_COPIES} copies.")
    name = contact.full_name
    if contact.organisation and contact.organisation != name:
        name = f"{name}, {contact.organisation}"
    LetterCopy.objects.get_or_create(letter=letter, contact=contact, defaults={"name": name})


@transaction.atomic
def remove_copy(letter: Letter, copy_id: UUID, *, actor: User) -> None:
    require(actor, Action.CHANGE, Resource.LETTERS)
    _check_draft(letter)
    letter.copies.filter(pk=copy_id).delete()


@transaction.atomic
def discard_letter(letter: Letter, *, actor: User) -> None:
    """Throw a draft away."""
    require(actor, Action.CHANGE, Resource.LETTERS)
    _check_draft(letter)
    Letter.objects.filter(pk=letter.pk, state=Letter.State.DRAFT).delete()


def record_letter(letter: Letter, action: str) -> None:
    record_paper(letter, action, section="letter")


# ── templates ────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def add_template(*, actor: User, name: str, subject: str, body: str) -> LetterTemplate:
    """Add a text to the library."""
    require(actor, Action.CREATE, Resource.LETTERS)
    template = LetterTemplate(name=name.strip(), subject=subject.strip(), body=body.strip())
    _check_template(template)
    template.save()
    _keep_version(template, actor)
    return template


@transaction.atomic
def change_template(
    template: LetterTemplate,
    *,
    actor: User,
    at: datetime,
    seen: int,
    name: str,
    subject: str,
    body: str,
    is_active: bool,
) -> LetterTemplate:
    """Replace a text of the library that is at version `seen`; the one before it is kept."""
    require(actor, Action.CHANGE, Resource.LETTERS)
    template.name, template.subject, template.body = name.strip(), subject.strip(), body.strip()
    template.is_active, template.version, template.changed_at = is_active, seen + 1, at
    _check_template(template)
    columns = ("name", "subject", "body", "is_active", "version", "changed_at")
    swapped = LetterTemplate.objects.filter(pk=template.pk, version=seen).update(
        **{column: getattr(template, column) for column in columns}
    )
    if not swapped:
        raise TemplateChangedError(
            "Somebody else has saved this template in the meantime. Open it again in another "
            "window, and put your changes into it."
        )
    _keep_version(template, actor)
    return template


@transaction.atomic
def add_standard_templates(*, actor: User) -> int:
    """Add those of the standard templates whose names are not taken; answers how many."""
    taken = set(LetterTemplate.objects.values_list("name", flat=True))
    missing = [entry for entry in STANDARD if entry[0] not in taken]
    for name, subject, body in missing:
        add_template(actor=actor, name=name, subject=subject, body=body)
    return len(missing)


def _keep_version(template: LetterTemplate, actor: User) -> None:
    LetterTemplateVersion.objects.create(
        template=template,
        number=template.version,
        name=template.name,
        subject=template.subject,
        body=template.body,
        author_name=actor.name,
    )


def _check_template(template: LetterTemplate) -> None:
    if not template.name:
        raise TemplateError("Give the template a name.")


def _recipient(patient: Patient, contact: Contact | None, *, to_patient: bool) -> list[str]:
    if contact is not None:
        lines = [contact.full_name, contact.organisation, *contact.address.splitlines()]
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    return [patient.full_name, *address_lines(patient)] if to_patient else []


def _take(letter: Letter, fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        kept = value.replace("\r\n", "\n").replace("\x00", "") if isinstance(value, str) else value
        setattr(letter, name, kept)


def _fill_in(letter: Letter, *, at: datetime, practice: str) -> Filled:
    """Replace the fields of subject and body by what is known."""
    facts = facts_for(
        letter.patient,
        practice=practice,
        now=at,
        contact=letter.contact,
        practitioner=letter.practitioner,
        location=letter.location,
    )
    subject, body = merge(letter.subject, facts), merge(letter.body, facts)
    letter.subject, letter.body = subject.text, body.text
    return Filled(
        tuple(dict.fromkeys(subject.unknown + body.unknown)),
        tuple(dict.fromkeys(subject.empty + body.empty)),
    )


def _check_draft(letter: Letter) -> None:
    if not letter.is_draft:
        raise LetterFinalError("This letter is final. Begin a new one from its text instead.")


def _swap(letter: Letter, *, at: datetime, revision: int, **columns: Any) -> Letter:
    """Write the columns if the letter is still at the revision that was read."""
    if not swap(letter, at=at, revision=revision, **columns):
        raise LetterChangedError(
            "This letter was saved in another window in the meantime. What you typed is still "
            "here; open the letter in another window to compare."
        )
    return letter
