"""The import of the demo clinic, records and files, beside a plain Django loop over the same rows.

    python benchmarks/import.py                              # a whole clinic: 16,764 files of 20 KB
    python benchmarks/import.py --factor 10 --no-containers  # ten times the records
    python benchmarks/import.py --factor 0.1                 # a quick look

Everything runs as nexus_app under the clinic's policy, with the audit trail recording every row. The
limits at factor 1: records in 60 s (reading, staging and loading; the dry run comes on top), files in
300 s, 300 MB. The plain loop saves a sample of each kind of row one by one, as a script would, and is
told for all of them. The file is made by a process of its own, so the memory is the import's.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from benchmarks.stage import new_clinic, stage  # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDS_SECONDS, FILES_SECONDS, MEMORY_MB = 60, 300, 300
SAMPLE = 200
"""Rows of each kind that the plain loop saves."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--factor", type=float, default=1.0)
    parser.add_argument("--no-containers", action="store_true")
    parser.add_argument("--container-bytes", type=int, default=20_000)
    parser.add_argument("--no-undo", action="store_true", help="leave out the second run and undo")
    wanted = parser.parse_args()
    with stage(), tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder), wanted)


def _measure(folder: Path, wanted: argparse.Namespace) -> int:
    from onboarding.imports import services
    from onboarding.imports.filing import wants_filing
    from onboarding.imports.models import ImportRun
    from onboarding.imports.runs import begin_run
    from onboarding.imports.upload import receive_file
    from tenants.scope import NOBODY, tenant_scope

    with _timed("write the demo clinic's file"):
        facts = _written(folder / "Clinic.fmp12", wanted)
    clinic = new_clinic("Bench")
    with tenant_scope(clinic):
        run = begin_run(receive_file(facts.path, actor=NOBODY), actor=NOBODY)
    seconds: list[float] = []
    with _timed("read, stage, profile, suggest", seconds):
        services.read_file(clinic, run.pk)
    with tenant_scope(clinic):
        run = ImportRun.objects.select_related("source").get(pk=run.pk)
        services.save_mapping(run, services.proposed_spec(run), actor=NOBODY)
    with _timed("dry run", seconds):
        dry = services.check_run(clinic, run.pk)
    with _timed("load", seconds):
        report = services.load_run(clinic, run.pk)
    memory = _peak()
    with tenant_scope(clinic):
        has_files = wants_filing(run.pk)
        _print_phases(run)
    files = {}
    if has_files:
        with _timed("files into storage", seconds):
            files = services.file_run(clinic, run.pk)
        print(f"files: {files['stored']:,} stored, peak memory {_peak():.0f} MB")
    records, filing = seconds[0] + seconds[2], seconds[3] if has_files else 0.0
    created = report["totals"]["created"]
    print(f"records: {created:,} created in {records:.1f} s, peak memory {memory:.0f} MB")
    print(f"         {records / created * 10_000:.2f} s for 10,000 records")
    plain = PlainLoop(clinic, new_clinic("Plain"))
    rows = plain.seconds_for_rows()
    print(
        f"a plain loop would take {rows:.0f} s for these rows: {rows / records:.1f} times as long"
    )
    if has_files:
        alone = plain.seconds_for_files()
        print(f"  and {alone:.0f} s for the files: {alone / filing:.1f} times as long")
    if not wanted.no_undo:
        with _timed("the same file again"):
            again = services.import_file(clinic, facts.path)
        assert again["totals"]["created"] == 0
        with _timed("undo"):
            services.undo_run(clinic, run.pk)
    assert report["holds"]
    assert dry["totals"] == report["totals"]
    return _verdict(wanted.factor, records, filing, _peak())


def _verdict(factor: float, records: float, filing: float, memory: float) -> int:
    if factor > 1:
        return 0
    late = records > RECORDS_SECONDS or filing > FILES_SECONDS
    if memory > MEMORY_MB:
        print(f"too much memory: {memory:.0f} MB, {MEMORY_MB} are allowed")
        return 1
    if late and os.getloadavg()[0] > (os.cpu_count() or 1) + 0.5:
        print("the machine was busy with other work: times say little, the limit is not held to")
        return 0
    if late:
        print(
            f"too slow: {RECORDS_SECONDS} s for records and {FILES_SECONDS} s for files are allowed"
        )
    return int(late)


def _written(path: Path, wanted: argparse.Namespace) -> Any:
    """Write the file in a process of its own; answers what is in it."""
    from concurrent.futures import ProcessPoolExecutor
    from functools import partial
    from multiprocessing import get_context

    from onboarding.filemaker.demo_clinic import write_demo_clinic

    write = partial(
        write_demo_clinic,
        factor=wanted.factor,
        with_containers=not wanted.no_containers,
        container_bytes=wanted.container_bytes,
    )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as another:
        facts = another.submit(write, path).result()
    print(
        f"{facts.patients:,} patients, {facts.appointments:,} appointments, {facts.notes:,} notes, "
        f"{facts.documents:,} documents, {facts.images:,} images, "
        f"{path.stat().st_size / 1e6:.1f} MB"
    )
    return facts


def _print_phases(run: Any) -> None:
    for line in run.phases.order_by("id"):
        if line.seconds >= 0.5:
            print(f"    {line.name[:44]:<44}{line.records:>8,}{line.seconds:>8.2f} s")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


class PlainLoop:
    """Saves rows like those loaded one at a time into a clinic beside, and tells it for all of them."""

    def __init__(self, loaded: Any, beside: Any) -> None:
        self.loaded, self.beside = loaded, beside
        self._patients: list[Any] = []

    def seconds_for_rows(self) -> float:
        from onboarding.imports.loading.writing import MODELS
        from tenants.scope import tenant_scope

        total = 0.0
        for model in sorted(set(MODELS.values()), key=lambda m: m.__name__ != "Patient"):
            with tenant_scope(self.loaded):
                count = model._default_manager.count()
                rows = [self._values(row) for row in model._default_manager.all()[:SAMPLE]]
            if not rows:
                continue
            began = time.perf_counter()
            for row in rows:
                with tenant_scope(self.beside):  # a script saves without a transaction around all
                    saved = model._default_manager.create(**self._at_home(model, row))
                if model.__name__ == "Patient":
                    self._patients.append(saved)
            total += (time.perf_counter() - began) / len(rows) * count
        return total

    def seconds_for_files(self) -> float:
        from django.core.files.base import ContentFile
        from django.core.files.storage import default_storage

        from clinical.documents.models import Document
        from tenants.scope import tenant_scope

        with tenant_scope(self.loaded):
            stored = Document.objects.filter(state="stored")
            count, sample = stored.count(), list(stored[:SAMPLE])
            contents = [default_storage.open(document.storage_key).read() for document in sample]
        began = time.perf_counter()
        for document, content in zip(sample, contents, strict=True):
            with tenant_scope(self.beside):
                default_storage.save(document.storage_key, ContentFile(content))
                Document.objects.create(
                    title=document.title,
                    state="stored",
                    storage_key=document.storage_key,
                    sha256=hashlib.sha256(content).hexdigest(),
                    size=len(content),
                )
        return (time.perf_counter() - began) / len(sample) * count

    @staticmethod
    def _values(row: Any) -> dict[str, Any]:
        from django.db.models import GeneratedField

        return {
            field.attname: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if not isinstance(field, GeneratedField) and field.name not in {"id", "number"}
        }

    def _at_home(self, model: Any, values: dict[str, Any]) -> dict[str, Any]:
        """Let a row refer to a patient saved before, and to nothing else that is not there."""
        home = dict(values)
        for field in model._meta.concrete_fields:
            if field.is_relation:
                is_patient = field.related_model.__name__ == "Patient" and field.name == "patient"
                home[field.attname] = self._patients[0].pk if is_patient else None
        return home


@contextmanager
def _timed(what: str, into: list[float] | None = None) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    print(f"{what:<36}{seconds:>7.2f} s", flush=True)
    if into is not None:
        into.append(seconds)


if __name__ == "__main__":
    sys.exit(main())
