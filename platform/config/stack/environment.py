"""The variables each process gets: no process is handed a role it has no use for."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from config.stack import passwords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.stack.layout import Layout
    from config.stack.postgres import PostgresServer
    from config.stack.valkey import ValkeyServer

DATABASE = "nexus"
DATABASE_VARIABLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL")
ADMIN = "DATABASE_ADMIN_URL"
OWNER = "DATABASE_OWNER_URL"
BACKUP = "DATABASE_BACKUP_PASSWORD"


class HalfExternalError(RuntimeError):
    """Some but not all addresses of an external database are given."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What to export, by who needs it."""

    variables: Mapping[str, str]

    def for_web(self) -> dict[str, str]:
        return self._without(ADMIN, OWNER, BACKUP)

    def for_worker(self) -> dict[str, str]:
        return self._without(ADMIN)

    def for_commands(self) -> dict[str, str]:
        return self._without()

    def _without(self, *names: str) -> dict[str, str]:
        everything = {**os.environ, **self.variables}
        return {name: value for name, value in everything.items() if name not in names}


def wants_embedded_database() -> bool:
    """Whether no database of one's own is named; raises when only part of one is."""
    missing = [name for name in DATABASE_VARIABLES if not os.environ.get(name)]
    if not missing:
        return False
    if len(missing) == len(DATABASE_VARIABLES):
        return True
    given = [name for name in DATABASE_VARIABLES if name not in missing]
    raise HalfExternalError(
        f"{' and '.join(given)} is set, {' and '.join(missing)} is not. A database of your own "
        "needs all three (roles nexus_app, nexus_owner, nexus_platform), each like "
        "postgresql://role:password@host:5432/nexus. Unset all three to use the embedded one."
    )


def wants_embedded_valkey() -> bool:
    return not os.environ.get("REDIS_URL")


def describe(
    layout: Layout,
    secrets: Mapping[str, str],
    *,
    database: PostgresServer | None,
    cache: ValkeyServer | None,
) -> Environment:
    """The variables of this installation; those already set by hand win."""
    variables = {
        "NEXUS_VAR": str(layout.var),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets["secret_key"],
        "NEXUS_KEYS": os.environ.get("NEXUS_KEYS") or f"local:{secrets['vault_key']}",
        "NEXUS_PUSH_KEY": os.environ.get("NEXUS_PUSH_KEY") or secrets["push_key"],
        "STORAGE_URL": os.environ.get("STORAGE_URL") or f"file://{layout.var / 'files'}",
        "MAIL_URL": os.environ.get("MAIL_URL") or f"file://{layout.var / 'mail'}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    if database is not None:
        for variable, role in (
            ("DATABASE_URL", "nexus_app"),
            ("DATABASE_OWNER_URL", "nexus_owner"),
            ("DATABASE_PLATFORM_URL", "nexus_platform"),
        ):
            variables[variable] = database.url(role, secrets[role], DATABASE)
        variables[ADMIN] = database.admin_url
        variables[BACKUP] = secrets["nexus_backup"]
    if cache is not None:
        variables["REDIS_URL"] = cache.url
    return Environment(variables)


def remember(layout: Layout, environment: Environment) -> None:
    """Leave the variables for `nexus` commands in other terminals."""
    passwords.write_private(layout.environment, json.dumps(dict(environment.variables), indent=2))


def adopt(layout: Layout) -> bool:
    """Take over the variables of the installation that runs in `layout`; False when none does.

    Variables set by hand win, and nothing is adopted beside a database of one's own.
    """
    if os.environ.get("DATABASE_URL") or not layout.is_running():
        return False
    if not layout.environment.exists():  # its servers are only starting
        return False
    for name, value in json.loads(layout.environment.read_text()).items():
        os.environ.setdefault(name, value)
    return True


def stand_in() -> None:
    """Give settings something to read where no server will be asked; what is set by hand wins."""
    for name in DATABASE_VARIABLES:
        os.environ.setdefault(name, "postgresql://nobody@127.0.0.1:1/none")
    os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
    os.environ.setdefault("SECRET_KEY", token_urlsafe(32))
