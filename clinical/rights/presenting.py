"""Rows as people read them: a table's name, a line's title, labels and values in words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connections
from django.db.models import DateField, DateTimeField, ForeignKey
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format

from audit import coverage
from audit.functions import WITHHELD
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import Field, Model

    from clinical.rights.catalogue import Table

Row = dict[str, Any]

FIRST = (
    "patients_patient", "patients_contactpoint", "patients_address", "patients_patientidentifier",
    "contacts_patientcontact", "consents_contactpreference", "consents_consent", "funding_ndisplan",
    "funding_planbudget", "referrals_referral", "problems_allergy", "problems_problem",
    "problems_medication", "appointments_appointment", "appointments_waitingentry", "notes_note",
    "notes_noteversion", "plans_plan", "plans_plangoal", "measures_assessment", "pathology_resultreport",
    "pathology_resultvalue", "letters_letter", "documents_imagebatch", "documents_document",
    "clinic_messages_message", "clinic_messages_reminder", "recalls_recall", "invoices_invoice",
    "invoices_invoiceline", "invoices_payment", "invoices_creditnote", "invoices_pastinvoice",
)  # fmt: skip
"""The order in which people look for things; what is not named comes after, by name."""

HIDDEN = frozenset(
    {
        "id", "tenant_id", "created_at", "changed_at", "normalised", "reversed", "search", "search_name",
        "sort_name", "storage_key", "thumbnail_key", "sha256", "token_digest", "revision", "digest",
        "is_imported", "source_note", "external_path", "status_times", "merged_into_id", "key",
        "series_id", "vendor_id", "payload_hash", "xero_contact_id", "is_exclusive", "only",
    }
)  # fmt: skip
"""Columns that tell people nothing."""

MACHINERY = frozenset(
    {
        "mv_patient_summary", "patients_mergedrow", "patients_duplicatecandidate", "patients_summarymark",
        "patients_patientmerge", "documents_upload", "notices_notice", "rights_personexport",
        "rights_erasedrow", "decision_support_prompt", "decision_support_promptdecision",
        "patients_coordinatorassignment", "clinic_messages_conversation", "threads_mention",
        "threads_participant", "invoices_posting", "invoices_ledgerentry", "pathology_resultfile",
        "referrals_referralvisit",
    }
)  # fmt: skip
"""Tables of the program's own bookkeeping: they repeat what stands elsewhere."""


@dataclass(frozen=True)
class Line:
    """One row: what it is called, and label → value of all that it says."""

    title: str
    facts: tuple[tuple[str, str], ...]


@dataclass
class Section:
    """The rows of one kind."""

    table: str
    name: str
    lines: list[Line] = field(default_factory=list)


def read_rows(
    tables: Mapping[str, Table], keys: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, Row]]:
    """Answer table → key → row as the trail writes it, in one question for all tables.

    Without generated columns, and without what the trail does not record.
    """
    parts: list[str] = []
    values: list[Any] = []
    for name, wanted in keys.items():
        table = tables[name]
        left_out = [
            *(column.name for column in table.columns.values() if column.is_generated),
            *coverage.rule_of(name).unrecorded,
            "tenant_id",
        ]
        parts.append(
            f'SELECT %s, "{table.key_column}"::text, (to_jsonb(t) - %s::text[])::text '  # noqa: S608 - names of the catalogue
            f'FROM "{name}" t WHERE "{table.key_column}" = ANY (%s::{table.key_kind}[])'
        )
        values += [name, left_out, sorted(wanted)]
    found: dict[str, dict[str, Row]] = {name: {} for name in keys}
    if parts:
        with connections[current_scope().alias].cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), values)
            for name, key, row in cursor.fetchall():
                found[name][key] = json.loads(row)
    return found


def section_name(table: str) -> str:
    model = model_of(table)
    if model is None:
        return table.partition("_")[2].replace("_", " ").capitalize()
    if table == "patients_patient":
        return "Person"
    return str(model._meta.verbose_name_plural).capitalize()


def in_order(tables: Iterable[str]) -> list[str]:
    known = {name: place for place, name in enumerate(FIRST)}
    return sorted(tables, key=lambda name: (known.get(name, len(FIRST)), name))


def line_of(table: str, row: Mapping[str, Any], names: Mapping[str, str]) -> Line:
    """Answer a row in words; `names` says what ids stand for."""
    facts = tuple(
        (label_of(table, column), text)
        for column in columns_in_order(table, row)
        if (text := text_of(table, column, row[column], names))
    )
    return Line(title_of(table, row, names), facts)


def title_of(table: str, row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Answer what a row is called: its title or name, else its day, else its kind."""
    if table == "patients_patient":
        return f"{row.get('given_names', '')} {row.get('family_name', '')}".strip()
    named = next(
        (
            str(row[column])
            for column in ("title", "subject", "name", "substance", "label", "number", "file_name")
            if row.get(column)
        ),
        "",
    )
    day = next(
        (
            text_of(table, column, row[column], names)
            for column in (
                "starts_at", "noted_at", "letter_date", "taken_on", "dated_on", "answered_on",
                "issued_on", "sent_at", "starts_on", "due_on",
            )
            if row.get(column)
        ),
        "",
    )  # fmt: skip
    return ", ".join(filter(None, [day, named])) or str(row.get("value") or row.get("lines") or "")


def columns_in_order(table: str, row: Iterable[str]) -> list[str]:
    """Answer the columns that people read, as the model orders them."""
    order = {name: place for place, name in enumerate(columns_of(table))}
    shown = [column for column in row if column not in HIDDEN and column != "patient_id"]
    return sorted(shown, key=lambda column: order.get(column, len(order)))


def label_of(table: str, column: str) -> str:
    found = columns_of(table).get(column)
    label = str(found.verbose_name) if found is not None else column.removesuffix("_id")
    label = label.replace("_", " ")
    return label[:1].upper() + label[1:]


def text_of(table: str, column: str, value: Any, names: Mapping[str, str]) -> str:
    """Write a stored value as people read it."""
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and column.endswith("_cents"):
        return f"{value / 100:,.2f}"
    if isinstance(value, dict | list):
        return _structured(value)
    return _words(columns_of(table).get(column), value, names)


def _words(found: Field[Any, Any] | None, value: Any, names: Mapping[str, str]) -> str:
    text = str(value)
    if value == WITHHELD:
        text = "(not kept in the trail: see the versions of the entry)"
    elif isinstance(found, ForeignKey):
        text = names.get(text, "")
    elif found is not None and found.choices:
        text = str(dict(found.flatchoices).get(value, text))
    elif isinstance(found, DateTimeField) and (moment := parse_datetime(text)):
        text = date_format(timezone.localtime(moment), "j M Y, H:i")
    elif isinstance(found, DateField) and (day := parse_date(text)):
        text = date_format(day, "j M Y")
    return text


def _structured(value: Any) -> str:
    """Write a document as lines of label and text."""
    if isinstance(value, dict):
        if {"heading", "text"} <= set(value):
            return f"{value['heading']}: {value['text']}".strip(": ")
        return "; ".join(
            f"{key}: {text}" for key, part in value.items() if (text := _structured(part))
        )
    if isinstance(value, list):
        return "\n".join(text for part in value if (text := _structured(part)))
    return "" if value is None else str(value)


def names_of(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, str]:
    """Answer what the ids in the rows stand for: one query for each table that is referred to."""
    wanted: dict[type[Model], set[str]] = {}
    for table, found in rows.items():
        links = {
            column: field.related_model
            for column, field in columns_of(table).items()
            if isinstance(field, ForeignKey) and column not in HIDDEN
        }
        for row in found:
            for column, target in links.items():
                if row.get(column):
                    wanted.setdefault(target, set()).add(str(row[column]))
    return {
        str(row.pk): str(row)
        for model, ids in wanted.items()
        for row in model._base_manager.filter(pk__in=ids)  # noqa: SLF001 - hidden rows have names too
    }


@cache
def model_of(table: str) -> type[Model] | None:
    found = (model for model in apps.get_models(include_auto_created=True))
    return next((model for model in found if model._meta.db_table == table), None)


@cache
def columns_of(table: str) -> dict[str, Field[Any, Any]]:
    model = model_of(table)
    return {str(field.column): field for field in model._meta.concrete_fields} if model else {}
