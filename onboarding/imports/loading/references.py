"""What a record refers to: by the other table's key, by name, or by making what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models.functions import Coalesce

from clinical.appointments.models import Appointment
from clinical.contacts.models import Contact
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Location
from onboarding.imports.corrections import chosen_id
from onboarding.imports.loading.deciding import Decided, SetAsideError, name_fields, name_key
from onboarding.imports.loading.keys import key_text
from onboarding.imports.loading.writing import MODELS
from onboarding.imports.models import ImportLink
from onboarding.imports.targets import (
    APPOINTMENT,
    ENTITIES,
    IMAGE_BATCH,
    INVOICE,
    LOCATION,
    PATIENT,
    REFERRER,
)
from onboarding.imports.values.issues import Issue
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime

    from onboarding.imports.decisions import Decision
    from onboarding.imports.loading.reading import ReadRecord, Value
    from onboarding.imports.loading.writing import Writer
    from onboarding.imports.mapping import MappingSpec, TableRule, Via
    from onboarding.imports.models import ImportSource

NAMELESS = frozenset({APPOINTMENT, IMAGE_BATCH, INVOICE})
"""Found by their number only: a name of one of these means nothing."""


class References:
    """Looks up what records refer to. One dictionary for each key field, about 200 bytes a row."""

    def __init__(self, source: ImportSource, spec: MappingSpec, writer: Writer) -> None:
        self._source, self._spec, self._writer = source, spec, writer
        self.decided = Decided(spec)
        self._keys: dict[Via, dict[str, list[uuid.UUID]]] = {}
        self._key_names: dict[Via, dict[str, str]] = {}
        """Of records that became no row: how they are called, by their key."""
        self._names: dict[str, dict[str, list[uuid.UUID]]] = {}
        self._minutes: dict[str, int] = {}
        self._zones: dict[str, str] = {}
        self._visits: dict[str, tuple[uuid.UUID | None, datetime]] | None = None
        self._shown: dict[str, str] | None = None
        self.expected: dict[str, int] = {}
        self.created: list[tuple[str, str]] = []
        """What a word in a field brought about: entity and name."""

    def begin_table(self, rule: TableRule) -> None:
        """Forget what may have been loaded since, and note which references this table gives."""
        self._keys.clear()
        self._key_names.clear()
        self._visits = self._shown = None
        self.expected = {field.to: field.field_id for field in rule.fields}

    def patient(self, record: ReadRecord) -> uuid.UUID | str:
        """Answer the patient's id, or why there is none in words."""
        found = record.values.get(PATIENT)
        if not found:
            return "No patient is given."
        value = found[0]
        if chosen := chosen_id(value.value):
            return chosen if Patient.objects.filter(pk=chosen).exists() else "No such patient."
        if value.rule.via and value.rule.how != "name":
            known = self._by_key(value.rule.via, value.value)
            if known is not None:
                return _only(known, "Its patient was set aside or skipped.", "has that number")
        ids = self._named(PATIENT).get(name_key(PATIENT, value.value), [])
        return _only(ids, "Its patient is not among the patients.", "has that name")

    def find(self, entity: str, value: Value) -> list[uuid.UUID]:
        """Answer the rows a value may mean, by number, then by name; nothing is made, nothing noted."""
        if chosen := chosen_id(value.value):
            return [chosen]
        if value.rule.via and value.rule.how != "name":
            known = self._by_key(value.rule.via, value.value)
            if known is not None:
                return known
        if self.decided and (row := self.matched(entity, self._decision(entity, value))):
            return [row]
        return self._named(entity).get(name_key(entity, value.value), [])

    def resolve(self, entity: str, value: Value, record: ReadRecord) -> str | None:
        """Answer the id as text; None where it is unknown, which is noted with the record."""
        if chosen := chosen_id(value.value):
            return str(chosen)
        label, target = ENTITIES[entity].label.lower(), value.rule.to
        by_number = bool(value.rule.via) and value.rule.how != "name"
        if value.rule.via and by_number and (known := self._by_key(value.rule.via, value.value)):
            return self._the_one(known, f"{label}s have that number", value, record)
        if self.decided and (decision := self._decision(entity, value)):
            return self._carry_out(decision, entity, value, record)
        ids = self._named(entity).get(name_key(entity, value.value), [])
        if len(ids) == 1 and by_number:
            record.note(target, Issue(f"{target}_by_name", f"The {label} is given by name."))
        if ids:
            return self._the_one(ids, f"{label}s have that name", value, record)
        if self._spec.options.create_missing and any(c.isalpha() for c in value.value):
            return str(self._create(entity, value.value))
        unknown = Issue(f"unknown_{target}", f"A {label} that nothing is known of.")
        return self._unknown(record, value, unknown)

    def _the_one(
        self, ids: Sequence[uuid.UUID], what: str, value: Value, record: ReadRecord
    ) -> str | None:
        if len(ids) == 1:
            return str(ids[0])
        return self._unknown(record, value, Issue(f"two_{value.rule.to}", f"Several {what}."))

    def _decision(self, entity: str, value: Value) -> Decision | None:
        via = value.rule.via
        called = self._key_names.get(via, {}).get(key_text(value.value), "") if via else ""
        return self.decided.of_value(entity, value, called)

    def _carry_out(
        self, decision: Decision, entity: str, value: Value, record: ReadRecord
    ) -> str | None:
        label, target = ENTITIES[entity].label.lower(), value.rule.to
        if decision.verdict == "quarantine":
            raise SetAsideError(f"Set aside: decided so for the {label} in “{value.label}”.")
        if decision.verdict == "empty":
            left = Issue(f"{target}_left", f"The {label} was left empty, as decided.")
            return self._unknown(record, value, left)
        if decision.verdict == "create":
            name = decision.name or value.value
            return str(self.existing(entity, name) or self._create(entity, name))
        found = self.matched(entity, decision)
        if found is not None:
            return str(found)
        gone = Issue(f"{target}_gone", f"The {label} it was matched with is here no longer.")
        return self._unknown(record, value, gone)

    def matched(self, entity: str, decision: Decision | None) -> uuid.UUID | None:
        """Answer the row a decision matches with: by its id, or where that is gone by its name."""
        if decision is None or decision.verdict != "match":
            return None
        known = {str(row_id): row_id for ids in self._named(entity).values() for row_id in ids}
        if decision.id in known:
            return known[decision.id]
        ids = self._named(entity).get(name_key(entity, decision.name), [])
        return ids[0] if len(ids) == 1 else None

    def zone_of(self, location_id: str | None) -> str:
        if not self._zones:
            rows = Location.objects.exclude(time_zone="").values_list("pk", "time_zone")
            self._zones = {"": "", **{str(pk): zone for pk, zone in rows}}
        return self._zones.get(location_id or "", "")

    def minutes_of(self, type_id: str | None) -> int | None:
        if type_id and type_id not in self._minutes:
            rows = AppointmentType.objects.values_list("pk", "duration_minutes")
            self._minutes = {str(pk): minutes for pk, minutes in rows}
        return self._minutes.get(type_id or "")

    def patient_of(self, appointment_id: str) -> uuid.UUID | None:
        return self._visit(appointment_id)[0]

    def start_of(self, appointment_id: str) -> datetime | None:
        return self._visit(appointment_id)[1]

    def _visit(self, appointment_id: str) -> tuple[uuid.UUID | None, datetime | None]:
        if self._visits is None:
            rows = Appointment.objects.values_list("pk", "patient_id", "starts_at")
            self._visits = {str(pk): (patient, start) for pk, patient, start in rows.iterator()}
        return self._visits.get(appointment_id, (None, None))

    def name_of_referrer(self, row_id: uuid.UUID | str) -> str:
        """Answer how an entry of the address book is called."""
        if self._shown is None:
            self._shown = {str(pk): name for pk, name in _referrer_names()}
        return self._shown.get(str(row_id), "")

    def existing(self, entity: str, name: str) -> uuid.UUID | None:
        """Answer the one row that already has the name; configuration is not doubled."""
        ids = self._named(entity).get(name_key(entity, name), [])
        return ids[0] if len(ids) == 1 else None

    def add_name(self, entity: str, name: str, row_id: uuid.UUID) -> None:
        _add(self._named(entity), name_key(entity, name), row_id)
        self._minutes.clear()

    def take_back(self, entity: str, name: str, row_id: uuid.UUID) -> None:
        """Forget a name whose row the database refused."""
        ids = self._named(entity).get(name_key(entity, name), [])
        if row_id in ids:
            ids.remove(row_id)

    def _unknown(self, record: ReadRecord, value: Value, issue: Issue) -> str | None:
        """Note why the reference is left empty, and keep its text with the record."""
        record.note(value.rule.to, issue)
        record.extra.setdefault(value.label, value.value)
        return None

    def _create(self, entity: str, name: str) -> uuid.UUID:
        row_id = uuid7()
        self._writer.insert(entity, [{"id": row_id, "name": name}], [(None, None)])
        self.add_name(entity, name, row_id)
        self.created.append((entity, name))
        return row_id

    def _by_key(self, via: Via, raw: str) -> list[uuid.UUID] | None:
        """Answer the rows with that key; [] where its record became no row, None where there is none."""
        if via not in self._keys:
            self._keys[via] = self._load_keys(via)
        return self._keys[via].get(key_text(raw))

    def _load_keys(self, via: Via) -> dict[str, list[uuid.UUID]]:
        """Answer the rows by their key. Joined here: see `plans.py` for why the database does not."""
        keys: dict[str, list[uuid.UUID]] = {}
        names = self._key_names.setdefault(via, {})
        parts = [*map(str, name_fields(self._spec.table(via.table_id))), "", ""][:2]
        rows = self._rows_of(via.table_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT s.record_id, s.payload ->> %s, "
                "concat_ws(' ', s.payload ->> %s, s.payload ->> %s) FROM imports_stagedrecord AS s "
                "WHERE s.source_id = %s AND s.table_id = %s AND s.payload ->> %s IS NOT NULL",
                [
                    str(via.field_id),
                    *parts,
                    self._source.pk,
                    via.table_id,
                    str(via.field_id),
                ],
            )
            for record_id, raw, name in cursor.fetchall():
                keys.setdefault(key_text(raw), [])
                target_id = rows.get(record_id)
                if target_id is not None:
                    _add(keys, key_text(raw), target_id)
                elif name:
                    names[key_text(raw)] = name
        return keys

    def _rows_of(self, table_id: int) -> dict[int, uuid.UUID]:
        links = ImportLink.objects.filter(source_key=self._source.key, table_id=table_id)
        return dict(links.order_by().values_list("record_id", "target_id"))

    def _named(self, entity: str) -> dict[str, list[uuid.UUID]]:
        if entity not in self._names:
            names: dict[str, list[uuid.UUID]] = {}
            for row_id, *parts in _name_rows(entity):
                _add(names, name_key(entity, " ".join(parts)), row_id)
            if entity == LOCATION:
                for row_id, short in Location.objects.exclude(short_name="").values_list(
                    "pk", "short_name"
                ):
                    _add(names, name_key(entity, short), row_id)
            self._names[entity] = names
        return self._names[entity]


def _add(known: dict[str, list[uuid.UUID]], key: str, row_id: uuid.UUID) -> None:
    ids = known.setdefault(key, [])
    if row_id not in ids:
        ids.append(row_id)


def _name_rows(entity: str) -> Sequence[tuple[Any, ...]]:
    if entity == PATIENT:
        # A merged record's name is its person's still: it leads to the record that goes on.
        goes_on = Coalesce("merged_into_id", "pk")
        return list(Patient.everyone.values_list(goes_on, "given_names", "family_name"))
    if entity == REFERRER:
        return _referrer_names()
    if entity in NAMELESS:
        return []
    return list(MODELS[entity]._default_manager.values_list("pk", "name"))


def _referrer_names() -> list[tuple[Any, ...]]:
    rows = Contact.objects.values_list("pk", "name", "given_names", "family_name", "organisation")
    return [
        (pk, name or f"{given} {family}".strip() or organisation)
        for pk, name, given, family, organisation in rows
    ]


def _only(ids: list[uuid.UUID], none: str, several: str) -> uuid.UUID | str:
    if len(ids) == 1:
        return ids[0]
    return f"More than one patient {several}." if ids else none
