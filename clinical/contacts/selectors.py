"""Questions to the address book, and about the people around a patient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Concat
from django.shortcuts import get_object_or_404

from accounts.permissions import Action, Resource, allows
from clinical.contacts.models import Contact, PatientContact
from clinical.patients.models import FoldNames, Patient
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User

PAGE_SIZE = 50
OFFERED = 10
SHORTEST_NUMBER = 3


@dataclass(frozen=True)
class ContactPage:
    """One page by name; `after` leads to the next."""

    contacts: Sequence[Contact]
    total: int
    after: UUID | None


def get_contact(_actor: User, pk: UUID) -> Contact:
    return get_object_or_404(Contact, pk=pk)


def list_contacts(
    text: str = "",
    *,
    kind: str = "",
    with_archived: bool = False,
    after: UUID | None = None,
    size: int = PAGE_SIZE,
) -> ContactPage:
    """Answer who fits: parts of names in any order, of an organisation, a number or a mail address.

    An address book has some thousand entries at most: they are read through, no index is needed.
    """
    found = _fitting(text)
    if kind:
        found = found.filter(kind=kind)
    if not with_archived:
        found = found.filter(is_active=True)
    total = found.count()
    edge = Contact.objects.filter(pk=after).first() if after else None
    if edge is not None:
        is_later = Q(search_name__gt=edge.search_name)
        found = found.filter(is_later | Q(search_name=edge.search_name, id__gt=edge.pk))
    rows = list(found.order_by("search_name", "id")[: size + 1])
    return ContactPage(rows[:size], total, rows[size - 1].pk if len(rows) > size else None)


def people_around(actor: User, patient: Patient) -> list[PatientContact]:
    """Answer who stands around a patient, emergency contacts first; nobody to whom it is closed."""
    if not allows(actor, Action.VIEW, Resource.CONTACTS):
        return []
    order = [kind.value for kind in PatientContact.Kind]
    people = patient.contacts.select_related("contact")
    return sorted(people, key=lambda person: (order.index(person.kind), person.pk))


def get_person(actor: User, pk: UUID) -> PatientContact:
    """Answer somebody around a patient whom the actor may see; raises Http404."""
    people = PatientContact.objects.filter(patient__in=visible_patients(actor))
    related = ("patient", "patient__location", "patient__funding_type", "contact")
    return get_object_or_404(people.select_related(*related), pk=pk)


def patients_of(actor: User, contact: Contact, *, limit: int = PAGE_SIZE) -> list[Patient]:
    """Answer the patients around whom the contact stands."""
    patients = visible_patients(actor).filter(contacts__contact=contact)
    return list(patients.distinct()[:limit])


def _fitting(text: str) -> QuerySet[Contact]:
    found = Contact.objects.all()
    digits = re.sub(r"\D", "", text)
    if len(digits) >= SHORTEST_NUMBER and not re.search(r"[^\d\s()+./-]", text):
        numbers = Concat("phone", Value(" "), "mobile", Value(" "), "fax", Value(" "))
        plain = Func(
            Concat(numbers, F("provider_number")),
            Value(r"[^\d ]|(?<=\d) (?=\d)"),
            Value(""),
            Value("g"),
            function="regexp_replace",
            output_field=TextField(),
        )
        return found.annotate(digits=plain).filter(digits__contains=digits.removeprefix("61"))
    if "@" in text:
        return found.filter(email__icontains=text.strip())
    for word in text.split()[:8]:
        nothing = Value("")
        found = found.filter(
            Q(search_name__contains=FoldNames(Value(word), nothing, nothing, nothing))
            | Q(specialty__istartswith=word)
            | Q(provider_number__istartswith=word)
        )
    return found
