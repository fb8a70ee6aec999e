"""A first look into the files of a job, before it is read: what they hold and whom they refer to."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onboarding.filemaker.bundle.names import folded, identity_of, names_in, stem_of
from onboarding.filemaker.exports.choices import Choices
from onboarding.filemaker.exports.detect import open_source
from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.imports.bundle import data_files
from onboarding.imports.models import ImportSource
from onboarding.imports.opening import open_data_file
from onboarding.imports.payload import storable_json
from tenants.scope import NOBODY, tenant_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from onboarding.filemaker.exports.detect import OpenSource
    from onboarding.imports.models import SourceFile
    from tenants.models import Tenant
    from tenants.scope import Actor


@dataclass(frozen=True)
class AskedFile:
    """A file the given ones refer to. `uses`: how many occurrences show tables of it."""

    name: str
    named_by: Sequence[str]
    uses: int


def look_at_files(tenant: Tenant, source_id: uuid.UUID, *, actor: Actor = NOBODY) -> int:
    """Look into every data file that was not looked into yet; answers how many those were."""
    with tenant_scope(tenant, actor=actor):
        source = ImportSource.objects.get(pk=source_id)
        files = [file for file in data_files(source) if not file.facts]
    for file in files:
        facts = _facts(file, tenant, actor)
        with tenant_scope(tenant, actor=actor):
            type(file).objects.filter(pk=file.pk).update(facts=storable_json(facts))
    return len(files)


def _facts(file: SourceFile, tenant: Tenant, actor: Actor) -> dict[str, Any]:
    try:
        with ExitStack() as stack:
            plain = stack.enter_context(open_data_file(file, tenant=tenant, actor=actor))
            choices = Choices.from_json(file.choices)
            opened = open_source(plain.path, name=file.file_name, choices=choices)
            stack.callback(opened.close)
            return {
                "tables": len(opened.tables()),
                "records": sum(table.record_count for table in opened.tables()),
                "refers": _references(opened),
            }
    except FileMakerFileError as error:
        return {"problem": f"{error.message} {error.remedy}"}


def _references(opened: OpenSource) -> list[dict[str, Any]]:
    asked = getattr(opened, "external_occurrences", None)
    occurrences = asked() if asked is not None else ()
    return [
        {
            "names": names,
            "uses": sum(occurrence.source_id == source.id for occurrence in occurrences),
        }
        for source in opened.external_sources()
        if (names := names_in(source))
    ]


def asked_files(files: Sequence[SourceFile]) -> list[AskedFile]:
    """Answer the files that are referred to and not given, those whose tables are used first."""
    given = {folded(stem_of(f.file_name)) for f in files} | {
        identity_of(f.file_name) for f in files
    }
    asked: dict[str, tuple[str, list[str], int]] = {}
    for file in files:
        for reference in file.facts.get("refers", ()):
            names = reference["names"]
            if any(folded(name) in given or identity_of(name) in given for name in names):
                continue
            shown, by, uses = asked.get(folded(names[0]), (names[0], [], 0))
            by = by if file.file_name in by else [*by, file.file_name]
            asked[folded(names[0])] = (shown, by, uses + reference["uses"])
    found = [AskedFile(name, by, uses) for name, by, uses in asked.values()]
    return sorted(found, key=lambda one: (-one.uses, one.name))
