"""Django's migration executor, drawing anew only the model that an operation touches.

Before each operation Django renders every model that is related to the one concerned, however far, so
that all of them see each other. With some 180 models that hang together this is nearly all of the time
that migrations take from nothing. What only adds to a model needs none of it: its SQL is made from the
model itself and the keys of its targets. A migration with any other operation is done Django's way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterModelOptions,
    CreateModel,
    RemoveConstraint,
    RemoveIndex,
    RunSQL,
)
from django.db.migrations.state import ProjectState

if TYPE_CHECKING:
    from django.db.migrations import Migration

ADDING = (
    AddConstraint,
    AddField,
    AddIndex,
    AlterModelOptions,
    CreateModel,
    RemoveConstraint,
    RemoveIndex,
    RunSQL,
)


class FrugalState(ProjectState):
    """A state of the project whose other models stay as they were drawn when one changes."""

    def clone(self) -> ProjectState:
        copy = super().clone()
        copy.__class__ = self.__class__
        return copy

    def _find_reload_model(
        self,
        app_label: str,
        model_name: str,
        delay: bool = False,  # noqa: ARG002 - Django's signature
    ) -> set[tuple[str, str]]:
        return {(app_label, model_name)}


class FrugalExecutor(MigrationExecutor):
    """Runs migrations that only add with `FrugalState`, all others as Django does."""

    def apply_migration(
        self, state: ProjectState, migration: Migration, *args: Any, **kwargs: Any
    ) -> ProjectState:
        if only_adds(migration):
            state.__class__ = FrugalState
            return super().apply_migration(state, migration, *args, **kwargs)
        if type(state) is not ProjectState:
            state.__class__ = ProjectState
            state.__dict__.pop("apps", None)
            state.apps  # noqa: B018 - draws all models, as Django does before the first migration
        return super().apply_migration(state, migration, *args, **kwargs)


def only_adds(migration: Migration) -> bool:
    """Say whether no operation of Django's changes what is there. Our own write SQL and no models."""
    return all(
        isinstance(operation, ADDING)
        or not type(operation).__module__.startswith("django.db.migrations")
        for operation in migration.operations
    )
