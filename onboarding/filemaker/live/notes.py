"""What a clinic should know after reading a server, each thing once."""

from collections.abc import Iterable
from typing import Any

from onboarding.filemaker.live.paging import Walk
from onboarding.filemaker.sources import SourceWarning, Table


class Notes:
    """Collects warnings; the same one about the same thing stands once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, object], SourceWarning] = {}

    def warn(self, code: str, message: str, *, about: object = None, **facts: object) -> None:
        key = (code, about if about is not None else facts.get("table_id"))
        self._found[key] = SourceWarning(code, message, facts)

    def add(self, warnings: Iterable[SourceWarning]) -> None:
        for warning in warnings:
            self._found[warning.code, warning.message] = warning

    def all(self) -> list[SourceWarning]:
        return list(self._found.values())

    def note_walk(self, table: Table, walk: Walk[Any]) -> None:
        """Say what happened to a table's records while they were read."""
        if walk.missing:
            self.warn(
                "records-missing",
                f'Table "{table.name}": the server counts {walk.missing} more records than it '
                "sent, also when asked again. Run the import when nobody works in FileMaker.",
                table_id=table.id,
                missing=walk.missing,
                read=len(walk.seen),
            )
        added = (walk.found or 0) - table.record_count
        if added > 0 and not walk.missing:
            self.warn(
                "records-added-meanwhile",
                f'Table "{table.name}": {added} record(s) were added in FileMaker after the reading '
                "had begun; they were read too.",
                table_id=table.id,
                added=added,
            )
        if walk.gone:
            self.warn(
                "records-deleted-meanwhile",
                f'Table "{table.name}": {walk.gone} record(s) were read and deleted in FileMaker '
                "before the reading ended. They are kept as they were read.",
                table_id=table.id,
                gone=walk.gone,
            )
