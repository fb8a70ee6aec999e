"""Whatever is killed in the middle of an import: the clinic is as before or as after, and a retry ends it.

Servers of its own are killed, never the suite's. Where and when is drawn from a seed. Continuous
integration (NEXUS_CI) runs all rounds, a quick run some of each kind.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psycopg
import pytest

from config.stack import children, listening, postgres, valkey
from config.stack.throwaway import _temporary_root
from onboarding.filemaker.demo_clinic import write_demo_clinic

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "throw-away"
SEED = 20261121
ROUNDS = {"worker": 16, "postgres": 14, "valkey": 8, "storage": 12}
"""Fifty in all."""
QUICK = 2
OURS = ("practice_", "patients_", "appointments_", "contacts_", "notes_", "letters_",
        "clinic_messages_", "documents_", "invoices_")  # fmt: skip
MADE_ANEW = {"id", "number", "created_at", "changed_at", "signed_at", "finalised_at", "tenant_id"}
OF_FILES = {"state", "problem", "file_name", "sha256", "size", "media_type", "storage_key", "width",
            "height", "thumbnail_key", "scan"}  # fmt: skip
"""What bringing the files over writes, file by file, after the load is done."""


@dataclass
class Chaos:
    """Two servers, a worker, and a database that can be set back to just before the load."""

    folder: Path
    data: Path
    admin_password: str = "throw-away-admin"
    port: int = field(default_factory=listening.free_port)
    valkey_port: int = field(default_factory=listening.free_port)
    facts: dict = field(default_factory=dict)
    seconds: float = 0.0
    answers: int = 0

    # ── the servers ──────────────────────────────────────────────────────────────────────────────

    def start_postgres(self) -> None:
        self.server = postgres.start(
            self.data,
            port=self.port,
            admin_password=self.admin_password,
            log=self.folder / "postgres.log",
            throwaway=True,
            seconds=60,
        )

    def kill_postgres(self) -> None:
        """Stop it at once, as a power cut of the process would: sessions end, nothing is written out."""
        self.server.child.process.send_signal(signal.SIGQUIT)
        self.server.child.process.wait(30)
        self.start_postgres()

    def start_valkey(self) -> None:
        self.cache = valkey.start(
            self.folder / "valkey",
            port=self.valkey_port,
            password=PASSWORD,
            log=self.folder / "valkey.log",
            throwaway=True,
        )

    def kill_valkey(self) -> None:
        self.cache.child.process.kill()
        self.cache.child.process.wait(30)
        self.start_valkey()

    def start_worker(self) -> None:
        urls = {
            f"DATABASE{part}_URL": self.server.url(role, PASSWORD, "chaos")
            for part, role in (
                ("", "nexus_app"),
                ("_OWNER", "nexus_owner"),
                ("_PLATFORM", "nexus_platform"),
            )
        }
        environment = {
            **{name: value for name, value in os.environ.items() if "DATABASE" not in name},
            **urls,
            "REDIS_URL": self.cache.url,
            "NEXUS_VAR": str(self.folder / "var"),
            "STORAGE_URL": f"file://{self.folder / 'var' / 'files'}",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        with (self.folder / "worker.log").open("wb") as log:
            self.worker = self._spawn(environment, log)

    @staticmethod
    def _spawn(environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", str(Path(__file__).with_name("chaos_worker.py"))],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    # ── the work ─────────────────────────────────────────────────────────────────────────────────

    def begin(self, step: str, **order: object) -> tuple[int, Path]:
        self.answers += 1
        answer = self.folder / f"answer-{self.answers}.json"
        line = json.dumps({"step": step, "answer": str(answer), **order})
        self.worker.stdin.write(line + "\n")
        self.worker.stdin.flush()
        return json.loads(self.worker.stdout.readline())["pid"], answer

    def end(self, answer: Path) -> dict:
        status = json.loads(self.worker.stdout.readline())["status"]
        said = json.loads(answer.read_text()) if answer.exists() else {}
        return {"status": status, **said}

    def do(self, step: str, **order: object) -> dict:
        _, answer = self.begin(step, **order)
        return self.end(answer)

    def prepare(self, file: Path) -> None:
        said = self.do(
            "prepare", admin_url=self.server.admin_url, password=PASSWORD, file=str(file)
        )
        assert "run" in said, said
        self.facts = said
        # Fifty copies of the database are made: none needs what other clinics are made from.
        self.ask("DROP SCHEMA c_1999999999 CASCADE")
        with psycopg.connect(self.server.admin_url, autocommit=True) as raw:
            raw.execute("ALTER DATABASE chaos RENAME TO prepared")
        shutil.copytree(self.folder / "var", self.folder / "prepared")

    def set_back(self) -> None:
        """Put database and files back to just before the load."""
        with psycopg.connect(self.server.admin_url, autocommit=True) as raw:
            raw.execute("DROP DATABASE IF EXISTS chaos WITH (FORCE)")
            raw.execute("CREATE DATABASE chaos TEMPLATE prepared STRATEGY file_copy")
            for role in ("nexus_owner", "nexus_app", "nexus_platform"):
                raw.execute(f"GRANT CONNECT ON DATABASE chaos TO {role}")
        shutil.rmtree(self.folder / "var", ignore_errors=True)
        shutil.copytree(self.folder / "prepared", self.folder / "var")

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def asking(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.server.admin_url, dbname="chaos", autocommit=True) as raw:
            raw.execute(f"SET search_path = {self.facts['schema']}, ext")
            raw.execute(f"SET rls.tenant_id = '{self.facts['tenant']}'")
            yield raw

    def ask(self, statement: str, *values: object) -> list[tuple]:
        with self.asking() as raw:
            cursor = raw.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def state(self) -> str:
        return self.ask("SELECT state FROM imports_importrun")[0][0]

    def let_time_pass(self) -> None:
        """A worker not heard of for a minute is taken for dead; the minute is not waited for."""
        self.ask("UPDATE imports_runprogress SET heartbeat_at = now() - interval '10 minutes'")

    def image(self, *, exact: bool, files: bool) -> dict[str, str]:
        """Checksum every table of the clinic's records; not `exact`: less what is made anew each time."""
        with self.asking() as raw:
            return {
                table: self._checksum(raw, table, columns, exact=exact, files=files)
                for table, columns in self.tables.items()
            }

    @cached_property
    def tables(self) -> dict[str, list[str]]:
        """The columns of each table of the clinic's records, which no round changes."""
        tables: dict[str, list[str]] = {}
        for table, column in self.ask(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = %s ORDER BY 1, 2",
            self.facts["schema"],
        ):
            if table.startswith(OURS):
                tables.setdefault(table, []).append(column)
        return tables

    @staticmethod
    def _checksum(
        raw: psycopg.Connection, table: str, columns: list[str], *, exact: bool, files: bool
    ) -> str:
        apart = set()
        if not exact:
            apart = MADE_ANEW | {name for name in columns if name.endswith("_id")}
        if not files and table == "documents_document":
            apart |= OF_FILES
        if not exact and table == "documents_document":
            apart |= {"storage_key", "thumbnail_key"}  # they name the patient's id
        whose = "''"
        if not exact and "patient_id" in columns:
            whose = "(SELECT p.search_name FROM patients_patient p WHERE p.id = t.patient_id)"
        row = raw.execute(
            "SELECT count(*), md5(string_agg(line, '|' ORDER BY line)) FROM (SELECT "
            f"(to_jsonb(t) - %s::text[])::text || coalesce({whose}, '') AS line "
            f'FROM "{table}" AS t) AS lines',
            [sorted(apart)],
        ).fetchone()
        return f"{row[0]} {row[1]}"

    def lost_files(self) -> list[str]:
        """Name stored documents whose bytes are not there, or are not those of their checksum."""
        lost = []
        folder = self.folder / "var" / "files" / f"t{self.facts['tenant']}"
        for key, sha256 in self.ask(
            "SELECT storage_key, sha256 FROM documents_document WHERE state = 'stored'"
        ):
            path = folder / key
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                lost.append(key)
        return lost


@pytest.fixture(scope="module")
def chaos(tmp_path_factory, django_db_setup):
    """Everything ready to be loaded; `before` and `after` say how the clinic looks then.

    The suite's database comes first: it keeps the recorded schema that this one is made from.
    """
    folder = _temporary_root() / f"nexus-chaos-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    (folder / "var").mkdir()
    made = Chaos(folder, folder / "postgres")
    postgres.initialise(made.data, admin_password=made.admin_password, throwaway=True)
    made.start_postgres()
    made.start_valkey()
    made.start_worker()
    try:
        file = tmp_path_factory.mktemp("chaos") / "Clinic.fmp12"
        write_demo_clinic(file, factor=0.02, files=0.1)
        made.prepare(file)
        made.set_back()
        made.before = made.image(exact=True, files=True)
        began = time.monotonic()
        said = made.do("go_on", run=made.facts["run"])
        made.seconds = time.monotonic() - began
        assert said.get("state") == "loaded", (said, (folder / "worker.log").read_text()[-2000:])
        assert said["files"]["waiting"] == said["files"]["failed"] == 0, said
        made.after = made.image(exact=False, files=False)
        made.after_files = made.image(exact=False, files=True)
        made.operations = 2 * made.ask("SELECT count(*) FROM documents_document")[0][0]
        assert made.lost_files() == []
        yield made
    finally:
        made.worker.kill()
        made.worker.wait()
        made.worker.stdin.close()
        made.worker.stdout.close()
        for stop in (made.cache.stop, made.server.stop):
            try:
                stop()
            except (children.ChildFailedError, OSError):
                continue
        shutil.rmtree(folder, ignore_errors=True)


def _rounds() -> list:
    chance = random.Random(SEED)
    rounds = []
    for kind, count in ROUNDS.items():
        moments = sorted(chance.random() for _ in range(count))
        if not os.environ.get("NEXUS_CI"):
            moments = chance.sample(moments, QUICK)
        rounds += [pytest.param(kind, moment, id=f"{kind}-{moment:.2f}") for moment in moments]
    return rounds


@pytest.mark.parametrize(("kind", "moment"), _rounds())
def test_the_clinic_is_as_before_or_as_after_and_a_retry_ends_it(chaos, kind, moment):
    chaos.set_back()
    order = {"run": chaos.facts["run"]}
    if kind == "storage":
        order["storage_fails_at"] = int(moment * chaos.operations)

    pid, answer = chaos.begin("go_on", **order)
    if kind != "storage":
        time.sleep(moment * chaos.seconds)
    if kind == "worker":
        _kill(pid)
    elif kind == "postgres":
        chaos.kill_postgres()
    elif kind == "valkey":
        chaos.kill_valkey()
    chaos.end(answer)

    _is_before_or_after(chaos)
    chaos.let_time_pass()
    said = chaos.do("go_on", run=chaos.facts["run"])
    assert (said["status"], said.get("state")) == (0, "loaded"), said
    assert chaos.image(exact=False, files=True) == chaos.after_files
    assert chaos.lost_files() == []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it had ended already: as after


def _is_before_or_after(chaos: Chaos) -> None:
    state = chaos.state()
    if state in {"loaded", "filing"}:
        assert chaos.image(exact=False, files=False) == chaos.after, state
    else:
        assert state in {"mapped", "loading", "failed"}
        assert chaos.image(exact=True, files=True) == chaos.before, state
    assert chaos.lost_files() == []


def test_fifty_rounds_stand_in_the_plan():
    assert sum(ROUNDS.values()) == 50


def test_a_second_import_is_refused_with_a_word_while_one_is_at_work(chaos):
    chaos.set_back()
    chaos.ask("UPDATE imports_importrun SET state = 'loading'")
    chaos.ask("UPDATE imports_runprogress SET attempt = 1, heartbeat_at = now()")

    said = chaos.do("go_on", run=chaos.facts["run"])

    assert said["error"].startswith("AnotherRunError: Another import of this clinic is at work")
    assert chaos.image(exact=True, files=True) == chaos.before
