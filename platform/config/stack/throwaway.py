"""A PostgreSQL and a Valkey for one test run: free ports, a temporary directory, no durability."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.stack import children, listening, postgres, unprivileged, valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

ADMIN_URL = "NEXUS_TEST_ADMIN_URL"
REDIS_URL = "NEXUS_TEST_REDIS_URL"
PREFIX = "nexus-test-"
OWNER_FILE = "owner.pid"
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ThrowawayServers:
    """Where the servers listen: a PostgreSQL superuser's URL and a Valkey URL."""

    admin_url: str
    valkey_url: str


@contextmanager
def throwaway() -> Iterator[ThrowawayServers]:
    """Both servers, gone with all they held when the block ends."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_temporary_root()))
    folder.chmod(0o755)  # PostgreSQL's unprivileged account walks through; its own folder is 0700
    (folder / OWNER_FILE).write_text(str(os.getpid()))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        data = folder / "postgres"
        postgres.initialise(data, admin_password=password, throwaway=True)
        database = _start_postgres(data, password)
        stack.callback(database.stop)
        cache = _start_valkey(folder / "valkey")
        stack.callback(cache.stop)
        yield ThrowawayServers(database.admin_url, cache.url)


def start_or_reuse() -> ThrowawayServers:
    """The servers named in the environment, else new ones that live as long as this process.

    The addresses are left in the environment, so processes started from here share the servers.
    """
    if ADMIN_URL in os.environ and REDIS_URL in os.environ:
        return ThrowawayServers(os.environ[ADMIN_URL], os.environ[REDIS_URL])
    stack = ExitStack()
    servers = stack.enter_context(throwaway())
    atexit.register(stack.close)
    os.environ[ADMIN_URL] = servers.admin_url
    os.environ[REDIS_URL] = servers.valkey_url
    return servers


def sweep() -> None:
    """Remove what a killed run left behind; its servers ended with it."""
    for folder in _temporary_root().glob(PREFIX + "*"):
        with suppress(OSError, ValueError):
            if not children.is_alive(int((folder / OWNER_FILE).read_text())):
                shutil.rmtree(folder, ignore_errors=True)


def _temporary_root() -> Path:
    root = Path(tempfile.gettempdir())
    account = unprivileged.server_account(root / PREFIX)
    if account is None or unprivileged.can_walk_to(root / PREFIX, account):
        return root
    return Path("/tmp")  # noqa: S108 - only mkdtemp makes names in it


def _start_postgres(data: Path, password: str) -> postgres.PostgresServer:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return postgres.start(
                data,
                port=listening.free_port(),
                admin_password=password,
                log=data.with_name("postgres.log"),
                throwaway=True,
                seconds=60,
            )
        except children.ChildFailedError:  # somebody took the port in between
            if attempt == ATTEMPTS:
                raise
    raise AssertionError


def _start_valkey(data: Path) -> valkey.ValkeyServer:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return valkey.start(
                data,
                port=listening.free_port(),
                password=secrets.token_urlsafe(24),
                log=data.with_name("valkey.log"),
                throwaway=True,
            )
        except children.ChildFailedError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError
