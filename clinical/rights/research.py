"""An extract for research in which nobody can be found: generalised, then counted, then suppressed.

Every column of a row is taken as something an outsider may know. Rows that fewer than k people share are
left out, all of them, and the statement says how many; so each row that is given out stands for at least
k people who look alike in all of it. No ids, no dates, no words; the order is by content.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connections
from django.utils import timezone

from clinical.rights.models import ResearchExtract
from clinical.rights.policy import policy_of
from clinical.rights.uses import RESEARCH, restricted
from tenants.jobs import JobError
from tenants.scope import current_scope, tenant_scope
from tenants.storage import clinic_storage, work_dir
from ui.spreadsheets import safe_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from clinical.rights.policy import Policy
    from tenants.jobs import Work
    from tenants.models import Tenant

State = ResearchExtract.State
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Field:
    """A generalised fact. `sql` answers text for the patient `p`; constants only."""

    key: str
    label: str
    about: str
    sql: str


FIELDS: dict[str, Field] = {
    field.key: field
    for field in (
        Field(
            "age_band",
            "Age, in bands of ten years",
            "from 0–9 to 90 and over",
            "CASE WHEN p.date_of_birth IS NULL THEN NULL "
            "WHEN date_part('year', age(%(today)s, p.date_of_birth)) >= 90 THEN '90+' "
            "ELSE (floor(date_part('year', age(%(today)s, p.date_of_birth)) / 10) * 10)::int::text "
            "|| '-' || (floor(date_part('year', age(%(today)s, p.date_of_birth)) / 10) * 10 + 9)::int::text "
            "END",
        ),
        Field("sex", "Sex", "as stated", "nullif(p.sex, '')"),
        Field(
            "area",
            "Area",
            "the first two figures of the postcode",
            "(SELECT left(a.postcode, 2) || '**' FROM patients_address a WHERE a.patient_id = p.id "
            "AND a.postcode ~ '^[0-9]{4}$' ORDER BY a.kind, a.id LIMIT 1)",
        ),
        Field(
            "first_year",
            "Year of the first visit",
            "",
            "(SELECT date_part('year', min(v.starts_at))::int::text FROM appointments_appointment v "
            "WHERE v.patient_id = p.id AND v.starts_at <= %(now)s)",
        ),
        Field(
            "visits",
            "Visits, in bands",
            "0, 1–4, 5–9, 10–19, 20 and more",
            "(SELECT CASE WHEN count(*) = 0 THEN '0' WHEN count(*) < 5 THEN '1-4' "
            "WHEN count(*) < 10 THEN '5-9' WHEN count(*) < 20 THEN '10-19' ELSE '20+' END "
            "FROM appointments_appointment v WHERE v.patient_id = p.id AND v.starts_at <= %(now)s)",
        ),
        Field(
            "funding",
            "Funding",
            "the kind of funding",
            "(SELECT f.name FROM practice_fundingtype f WHERE f.id = p.funding_type_id)",
        ),
        Field(
            "diagnosis",
            "Chapter of the first coded problem",
            "the first letter of the code",
            "(SELECT left(r.code, 1) FROM problems_problem r WHERE r.patient_id = p.id "
            "AND NOT r.is_error AND r.code <> '' ORDER BY r.created_at, r.id LIMIT 1)",
        ),
        Field(
            "measure",
            "Last outcome measure and its band",
            "which measure, and in which band",
            "(SELECT m.code || ': ' || m.band FROM measures_assessment m WHERE m.patient_id = p.id "
            "AND m.state = 'complete' AND m.band <> '' ORDER BY m.taken_on DESC, m.id DESC LIMIT 1)",
        ),
    )
}


@dataclass(frozen=True)
class Outcome:
    """Rows that may be given out, and the figures about those that may not."""

    header: list[str]
    rows: list[tuple[str, ...]]
    people: int
    left_out: int
    suppressed: int
    smallest: int


def make_extract(work: Work) -> None:
    """Write the files of one extract; the job's one step."""
    tenant = work.tenant
    try:
        _make(tenant, work)
    except Exception as error:
        with tenant_scope(tenant):
            ResearchExtract.objects.filter(
                pk=UUID(work.params["extract"]), state=State.WAITING
            ).update(state=State.FAILED, finished_at=timezone.now())
        raise JobError(f"{type(error).__name__} while an extract was made.") from error


def _make(tenant: Tenant, work: Work) -> None:
    with tenant_scope(tenant):
        extract = ResearchExtract.objects.get(pk=UUID(work.params["extract"]))
        if extract.state != State.WAITING:
            return
        policy = policy_of(tenant)
        outcome = extracted(extract.fields, k=extract.k, policy=policy, today=timezone.localdate())
        path = work_dir("rights") / f"{extract.pk.hex}.part"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("extract.csv", as_csv(outcome))
            packed.writestr("statement.txt", statement(extract, outcome, policy))
        size = path.stat().st_size
        key = f"rights/extracts/{extract.pk.hex}.zip"
        clinic_storage().adopt(path, key, media_type="application/zip")
        extract.figures = {
            "people": outcome.people, "left_out": outcome.left_out, "rows": len(outcome.rows),
            "suppressed": outcome.suppressed, "smallest": outcome.smallest,
        }  # fmt: skip
        extract.state, extract.storage_key, extract.size = State.READY, key, size
        extract.finished_at = timezone.now()
        extract.save()


def extracted(fields: Sequence[str], *, k: int, policy: Policy, today: date) -> Outcome:
    """Answer the rows that at least k people share."""
    wanted = [FIELDS[key] for key in FIELDS if key in set(fields)]
    everybody = _read(wanted, today)
    out = _objecting(policy) | restricted(RESEARCH)
    rows = [row for pk, row in everybody if pk not in out]
    kept, suppressed, smallest = suppress(rows, k)
    return Outcome(
        header=[field.key for field in wanted],
        rows=kept,
        people=len(rows),
        left_out=len(everybody) - len(rows),
        suppressed=suppressed,
        smallest=smallest,
    )


def suppress(rows: Iterable[tuple[str, ...]], k: int) -> tuple[list[tuple[str, ...]], int, int]:
    """Leave out every row that fewer than k share; answers the rest, how many went, the least group."""
    groups = Counter(rows)
    kept = sorted(row for row, count in groups.items() for _ in range(count) if count >= k)
    sizes = [count for count in groups.values() if count >= k]
    return kept, sum(count for count in groups.values() if count < k), min(sizes, default=0)


def _read(fields: Sequence[Field], today: date) -> list[tuple[UUID, tuple[str, ...]]]:
    columns = ", ".join(f"({field.sql})" for field in fields)
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(
            f"SELECT p.id, {columns} FROM patients_patient p WHERE p.merged_into_id IS NULL "  # noqa: S608 - constants of this module
            "AND p.archive_reason <> 'Erased'",
            {"today": today, "now": timezone.now()},
        )
        return [
            (row[0], tuple(str(value) if value else NOT_KNOWN for value in row[1:]))
            for row in cursor.fetchall()
        ]


def _objecting(policy: Policy) -> set[UUID]:
    """Answer who is left out for want of consent: who has refused, or who has not agreed."""
    rule = policy.said["research"]
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM patients_patient p LEFT JOIN LATERAL (SELECT c.answer, c.expires_on "
            "FROM consents_consent c JOIN consents_consentkind d ON d.id = c.kind_id AND d.key = %s "
            "WHERE c.patient_id = p.id ORDER BY c.answered_on DESC, c.recorded_at DESC, c.id DESC "
            "LIMIT 1) AS said ON true WHERE CASE WHEN %s THEN "
            "said.answer IS DISTINCT FROM 'given' OR said.expires_on < current_date "
            "ELSE said.answer IN ('refused', 'withdrawn') END",
            [rule["consent_kind"], rule["consent"] == "given"],
        )
        return {pk for (pk,) in cursor.fetchall()}


def as_csv(outcome: Outcome) -> bytes:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(outcome.header)
    table.writerows([safe_cell(value) for value in row] for row in outcome.rows)
    return text.getvalue().encode("utf-8-sig")


def statement(extract: ResearchExtract, outcome: Outcome, policy: Policy) -> str:
    """Write down what was done, for whoever gets the file and for an ethics committee."""
    facts: dict[str, Any] = {
        "purpose": extract.purpose,
        "asked for by": extract.asked_by,
        "made at": timezone.now().isoformat(timespec="seconds"),
        "k": extract.k,
        "smallest group given out": outcome.smallest or "none",
        "people looked at": outcome.people + outcome.left_out,
        "left out (refused, not agreed, or restricted)": outcome.left_out,
        "suppressed (in a group smaller than k)": outcome.suppressed,
        "rows given out": len(outcome.rows),
        "consent": policy.source("research"),
    }
    lines = ["How this extract was made so that nobody can be found in it", ""]
    lines += [f"{label}: {value}" for label, value in facts.items()]
    lines += ["", "Fields, each generalised, all counted together:"]
    lines += [f"- {FIELDS[key].label} ({FIELDS[key].about})" for key in outcome.header]
    lines += [
        "",
        "No names, numbers, dates, addresses, ids or free words are in it. Rows are ordered by content.",
        "It must not be joined with anything that could tell who somebody is.",
        "",
        json.dumps({"k": extract.k, "rows": len(outcome.rows), "suppressed": outcome.suppressed}),
        "",
    ]
    return "\n".join(lines)
