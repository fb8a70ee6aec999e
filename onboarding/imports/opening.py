"""The one place that knows how each kind of source is opened for reading."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from onboarding.filemaker.exports.choices import Choices
from onboarding.filemaker.exports.detect import open_source
from onboarding.imports.models import ImportSource
from onboarding.imports.upload import path_of
from tenants.scope import NOBODY, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from onboarding.filemaker.exports.detect import OpenSource
    from tenants.models import Tenant
    from tenants.scope import Actor

Kind = ImportSource.Kind


@contextmanager
def open_import_source(
    source: ImportSource, *, tenant: Tenant, actor: Actor = NOBODY
) -> Iterator[OpenSource]:
    """Open what the import reads, for as long as the block runs; call it outside every scope.

    Raises a FileMakerFileError (of a server a LiveSourceError) where that cannot be.
    """
    with _OPENERS[source.kind](source, tenant, actor) as opened:
        yield opened


@contextmanager
def _open_file(source: ImportSource, tenant: Tenant, actor: Actor) -> Iterator[OpenSource]:
    with tenant_scope(tenant, actor=actor):
        path = path_of(source)
    choices = Choices.from_json(source.choices)
    with open_source(path, name=source.file_name, choices=choices) as opened:
        yield opened


_OPENERS: dict[str, Callable[[ImportSource, Tenant, Actor], AbstractContextManager[OpenSource]]] = {
    Kind.FILE: _open_file,
}
