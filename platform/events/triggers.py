"""Triggers that tell of changes, however they are made: by a screen, a task, an import, by hand.

One function in each clinic's schema, with the clinic's id written into it; one trigger per statement,
not per row. PostgreSQL itself sends what is said twice in a transaction only once.
"""

# ruff: noqa: S608 - put together from the constants of this module, never from input

from __future__ import annotations

from typing import TYPE_CHECKING

from events.messages import CHANNEL, TOPIC_PATTERN
from tenants.operations import ScopeStatements
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_SPAN = 62
"""Days; more are not named, so that an import says the same thing again and again: once."""

FUNCTION = f"""
CREATE FUNCTION {{schema}}.announce_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $announce$
DECLARE
  kind text := TG_ARGV[1];
  rows text := CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT %1$I AS v FROM new_rows'
    WHEN 'DELETE' THEN 'SELECT %1$I AS v FROM old_rows'
    ELSE 'SELECT %1$I AS v FROM new_rows UNION ALL SELECT %1$I FROM old_rows' END;
  message jsonb := jsonb_build_object('tenant', {{tenant_id}}, 'topic', TG_ARGV[0]);
  first timestamptz;
  last timestamptz;
  person uuid;
  touched boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN SELECT EXISTS (SELECT FROM new_rows) INTO touched;
  ELSE SELECT EXISTS (SELECT FROM old_rows) INTO touched; END IF;
  IF NOT touched THEN RETURN NULL; END IF;
  IF kind = 'moment' THEN
    EXECUTE format('SELECT min(v), max(v) FROM (' || rows || ') AS touched', TG_ARGV[2])
      INTO first, last;
    IF last - first <= interval '{LONGEST_SPAN} days' THEN
      message := message || jsonb_build_object(
        'from', (first AT TIME ZONE 'UTC')::date, 'until', (last AT TIME ZONE 'UTC')::date);
    END IF;
  ELSIF kind = 'user' THEN
    FOR person IN EXECUTE format('SELECT DISTINCT v FROM (' || rows || ') AS touched '
      || 'WHERE v IS NOT NULL', TG_ARGV[2])
    LOOP
      PERFORM pg_notify('{CHANNEL}', (message || jsonb_build_object('user', person))::text);
    END LOOP;
    RETURN NULL;
  END IF;
  PERFORM pg_notify('{CHANNEL}', message::text);
  RETURN NULL;
END
$announce$
"""

_HEADS = {
    "insert": "AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows",
    "update": "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows",
}


class CreateAnnouncer(ScopeStatements):
    """Makes the clinic's function that the triggers call."""

    def statements(self) -> Sequence[str]:
        scope = current_scope()
        return [
            FUNCTION.format(schema=f'"{scope.schema}"', tenant_id=scope.tenant_id),
            f'REVOKE ALL ON FUNCTION "{scope.schema}".announce_change() FROM PUBLIC',
        ]

    def statements_back(self) -> Sequence[str]:
        return [f'DROP FUNCTION "{current_scope().schema}".announce_change()']

    def describe(self) -> str:
        return "Make the function that tells of changes"


class AnnounceTable(ScopeStatements):
    """Tells of each statement that changes the table.

    `moment` names a column whose days are told along, `user` one whose people alone are told; `on`
    leaves some kinds of statement out. The migration depends on ("events", "0001_initial").
    """

    def __init__(
        self,
        table: str,
        *,
        topic: str,
        moment: str = "",
        user: str = "",
        on: Sequence[str] = ("insert", "update", "delete"),
    ) -> None:
        if not TOPIC_PATTERN.fullmatch(topic):
            raise ValueError(f"{topic!r} is no topic: write a word in lower case.")
        self.table = table
        self.topic = topic
        self.moment = moment
        self.user = user
        self.on = on

    def statements(self) -> Sequence[str]:
        kind, column = ("user", self.user) if self.user else ("moment", self.moment)
        if not column:
            kind = ""
        return [
            f"CREATE TRIGGER {self._name(event)} "
            + _HEADS[event].format(table=f'"{self.table}"')
            + " FOR EACH STATEMENT EXECUTE FUNCTION "
            + f"announce_change('{self.topic}', '{kind}', '{column}')"
            for event in self.on
        ]

    def statements_back(self) -> Sequence[str]:
        return [f'DROP TRIGGER {self._name(event)} ON "{self.table}"' for event in self.on]

    def _name(self, event: str) -> str:
        return f"announce_{self.topic}_{event}"

    def describe(self) -> str:
        return f"Tell of changes of {self.table}"
