"""The SQL functions of a clinic's schema that patients' names are folded and found with.

The schema's name and the tenant's id stand in them literally: a function that bypasses row-level
security must not take either from its caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.migrations.operations.base import Operation

from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState

FOLD_NAMES = r"""
CREATE FUNCTION {schema}.fold_names(given text, family text, preferred text, former text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $fold$
    SELECT ' ' || btrim(regexp_replace(regexp_replace(
        lower(ext.unaccent('ext.unaccent'::regdictionary,
            coalesce(given, '') || ' ' || coalesce(family, '') || ' '
            || coalesce(preferred, '') || ' ' || coalesce(former, ''))),
        '[''\u2019\u2018`\u00b4\u02bc.]', '', 'g'),
        '[-\s,;:/\\()\[\]{{}}"\u201c\u201d\u201e_+*&#!?<>=|~\u2010\u2011\u2013\u2014]+', ' ', 'g'))
$fold$
"""


class ClinicSQL(Operation):
    """Run statements with `{schema}` and `{tenant_id}` of the running scope filled in.

    Unlike RunPython it can be recorded once and replayed for other clinics.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, forwards: Sequence[str], backwards: Sequence[str] = ()) -> None:
        self.forwards = forwards
        self.backwards = backwards

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Leave the state of the models as it is."""

    def database_forwards(
        self,
        app_label: str,  # noqa: ARG002
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002
        to_state: ProjectState,  # noqa: ARG002
    ) -> None:
        self._run(schema_editor, self.forwards)

    def database_backwards(
        self,
        app_label: str,  # noqa: ARG002
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002
        to_state: ProjectState,  # noqa: ARG002
    ) -> None:
        self._run(schema_editor, self.backwards)

    def describe(self) -> str:
        return "Run SQL written for one clinic's schema"

    @staticmethod
    def _run(schema_editor: BaseDatabaseSchemaEditor, statements: Sequence[str]) -> None:
        scope = current_scope()
        for statement in statements:
            filled = statement.format(schema=f'"{scope.schema}"', tenant_id=scope.tenant_id)
            schema_editor.execute(filled, params=None)
