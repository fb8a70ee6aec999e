"""What migrations do beside the models: statements for the schema of the running scope.

Unlike RunPython they can be recorded once and replayed for other clinics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence


class ScopeStatements(Operation):
    """Sends what `statements` answers in the running scope, and `statements_back` on the way back."""

    reduces_to_sql = True
    reversible = True

    def statements(self) -> Sequence[str]:
        raise NotImplementedError

    def statements_back(self) -> Sequence[str]:
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Functions, triggers and tables written by hand are no part of the models' state."""

    def database_forwards(
        self,
        app_label: str,  # noqa: ARG002
        schema_editor: Any,
        from_state: Any,  # noqa: ARG002
        to_state: Any,  # noqa: ARG002
    ) -> None:
        for statement in self.statements():
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self,
        app_label: str,  # noqa: ARG002
        schema_editor: Any,
        from_state: Any,  # noqa: ARG002
        to_state: Any,  # noqa: ARG002
    ) -> None:
        for statement in self.statements_back():
            schema_editor.execute(statement, params=None)
