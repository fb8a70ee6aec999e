"""A person's own copy of their record: a PDF to read, FHIR for another program, their files; one archive.

Made by a job, under the sight of whoever asked for it. What every table about the person says comes along
by itself; what the jurisdiction's policy holds back is named in it with the reason.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import User
from clinical.documents.zipping import Entry, entries_of, index_of
from clinical.rights.catalogue import read_catalogue
from clinical.rights.finding import all_records_of, rows_about
from clinical.rights.models import PersonExport
from clinical.rights.policy import policy_of
from clinical.rights.presenting import (
    MACHINERY,
    Section,
    in_order,
    line_of,
    names_of,
    read_rows,
    section_name,
)
from tenants.jobs import JobError
from tenants.scope import Actor, tenant_scope
from tenants.storage import BLOCK, StorageUnavailableError, clinic_storage, work_dir
from ui.pdf import render_pdf

if TYPE_CHECKING:
    from clinical.patients.models import Patient
    from clinical.rights.policy import Policy
    from tenants.jobs import Work
    from tenants.models import Tenant

TEMPLATE = Path(__file__).parent / "pdf" / "record.typ"
FHIR = "clinical.fhir.export"
State = PersonExport.State


def make_copy(work: Work) -> None:
    """Write the archive of one export; the job's one step. Done again, it replaces what there was."""
    tenant = work.tenant
    export_id = UUID(work.params["export"])
    try:
        _make(tenant, export_id, work)
    except StorageUnavailableError as error:
        _fail(tenant, export_id, "The storage did not take the file. Try again later.")
        raise JobError("The storage did not take the file.") from error
    except Exception as error:
        _fail(tenant, export_id, "The copy could not be made. The log of the worker says why.")
        raise JobError(f"{type(error).__name__} while a copy was made.") from error


def _make(tenant: Tenant, export_id: UUID, work: Work) -> None:
    with tenant_scope(tenant):
        export = PersonExport.objects.select_related("patient").get(pk=export_id)
        if export.state != State.WAITING:
            return
        asked_by = User.objects.get(pk=UUID(export.asked_by_id))
    actor = Actor(id=str(asked_by.pk), label=asked_by.name, reach="all")
    with tenant_scope(tenant, actor=actor):
        patient = export.patient
        policy = policy_of(tenant)
        sections, held_back = sections_of(patient, policy)
        summary = summary_pdf(patient, sections, tenant=tenant, policy=policy, held_back=held_back)
        bundle = fhir_bundle(patient.pk)
        entries = entries_of(asked_by, patient) if export.with_files else []
        path = work_dir("rights") / f"{export.pk.hex}.part"
    total = 2 + sum(1 for entry in entries if entry.name)
    work.progress(0, total)
    missing: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("record.pdf", summary)
        if bundle is not None:
            packed.writestr("record.fhir.json", json.dumps(bundle, ensure_ascii=False, indent=1))
        if entries:
            packed.writestr("files.csv", index_of(entries))
        work.progress(2)
        for done, entry in enumerate([one for one in entries if one.name], start=1):
            _pack(packed, entry, tenant, actor, missing)
            work.progress(2 + done)
        if missing:
            packed.writestr("not-included.txt", "\n".join(missing))
    digest = _sha256(path)
    size = path.stat().st_size
    with tenant_scope(tenant, actor=actor):
        key = f"rights/copies/{export.pk.hex}.zip"
        clinic_storage().adopt(path, key, media_type="application/zip")
        now = timezone.now()
        PersonExport.objects.filter(pk=export.pk).update(
            state=State.READY, storage_key=key, size=size, sha256=digest, problem="",
            finished_at=now, expires_at=now + timedelta(days=int(policy.said["access"]["kept_days"])),
            holds={
                "sections": {one.name: len(one.lines) for one in sections},
                "files": total - 2, "missing": len(missing), "fhir": bundle is not None,
                "held_back": held_back,
            },
        )  # fmt: skip


def _pack(
    packed: zipfile.ZipFile, entry: Entry, tenant: Tenant, actor: Actor, missing: list[str]
) -> None:
    try:
        with tenant_scope(tenant, actor=actor):
            stream = clinic_storage().stream(entry.document.storage_key)
    except (FileNotFoundError, StorageUnavailableError):
        missing.append(entry.name)
        return
    try:
        with packed.open(entry.name, "w", force_zip64=True) as member:
            while block := stream.read(BLOCK):
                member.write(block)
    finally:
        stream.close()


def _fail(tenant: Tenant, export_id: UUID, problem: str) -> None:
    with tenant_scope(tenant):
        PersonExport.objects.filter(pk=export_id, state=State.WAITING).update(
            state=State.FAILED, problem=problem, finished_at=timezone.now()
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ── what it holds ────────────────────────────────────────────────────────────────────────────────


def sections_of(patient: Patient, policy: Policy) -> tuple[list[Section], dict[str, str]]:
    """Answer all that is kept about the person, in words, and what the policy holds back with why."""
    tables = read_catalogue()
    held = policy.left_out_of_access
    found = rows_about(
        all_records_of(patient.pk), catalogue=tables, without=MACHINERY | frozenset(held)
    )
    rows = read_rows(tables, found)
    names = names_of({name: of_key.values() for name, of_key in rows.items()})
    sections = []
    for name in in_order(rows):
        if name in MACHINERY or name.startswith("rights_"):
            continue
        lines = [line_of(name, row, names) for row in rows[name].values()]
        lines = [line for line in lines if line.facts]
        if lines:
            sections.append(Section(name, section_name(name), lines))
    present = {name for name in held if name in tables}
    return sections, {section_name(name): held[name] for name in sorted(present)}


def summary_pdf(
    patient: Patient,
    sections: list[Section],
    *,
    tenant: Tenant,
    policy: Policy,
    held_back: dict[str, str],
) -> bytes:
    """Answer the record as a tagged PDF."""
    content: dict[str, Any] = {
        "practice": tenant.name,
        "accent": tenant.accent,
        "title": "Your record",
        "person": patient.full_name,
        "made": date_format(timezone.localtime(timezone.now()), "j F Y, H:i"),
        "law": policy.law,
        "sections": [
            {
                "name": section.name,
                "lines": [
                    {"title": line.title, "facts": [list(fact) for fact in line.facts]}
                    for line in section.lines
                ],
            }
            for section in sections
        ],
        "held_back": [list(item) for item in held_back.items()],
    }
    return render_pdf(TEMPLATE, content)


def fhir_bundle(patient_id: UUID) -> dict[str, Any] | None:
    """Answer the record as a FHIR R4 bundle; None where this installation has no mapper."""
    try:
        found = importlib.import_module(FHIR)
    except ModuleNotFoundError:
        return None
    bundle: dict[str, Any] = found.bundle_of_patient(patient_id)
    return bundle
