from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import psycopg
import pytest

from config.stack import listening, postgres
from config.stack.throwaway import throwaway

PASSWORD = "not-a-secret"


@pytest.fixture
def data():
    """A data directory in a place that PostgreSQL's unprivileged account can walk to."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "postgres"


def run(data, password=PASSWORD):
    return postgres.start(
        data,
        port=listening.free_port(),
        admin_password=password,
        log=data.with_name("log"),
        throwaway=True,
    )


def question(server, statement):
    with psycopg.connect(server.admin_url) as connection:
        return connection.execute(statement).fetchone()[0]


def test_the_database_sorts_and_reads_letters_alike_on_every_machine():
    with throwaway() as servers, psycopg.connect(servers.admin_url) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        row = connection.execute(
            "SELECT current_setting('server_encoding'), current_setting('TimeZone'), lower('ÄÉ'),"
            " array_length(show_trgm('Müller'), 1), current_setting('listen_addresses'),"
            " (SELECT datlocprovider::text || datlocale FROM pg_database LIMIT 1)"
        ).fetchone()

    assert row == ("UTF8", "UTC", "äé", 7, "127.0.0.1", "bC.UTF-8")


def test_what_was_written_is_there_after_the_next_start(data):
    postgres.initialise(data, admin_password=PASSWORD, throwaway=True)
    first = run(data)
    with psycopg.connect(first.admin_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()

    second = run(data)

    assert question(second, "SELECT answer FROM kept") == 42
    second.stop()


def test_an_interrupted_initialisation_is_made_anew(data):
    half = postgres.unfinished(data)
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    postgres.initialise(data, admin_password=PASSWORD, throwaway=True)

    assert not half.exists()
    server = run(data)
    assert question(server, "SELECT 1") == 1
    server.stop()


def test_the_lock_of_a_server_that_crashed_is_removed_and_said(data):
    postgres.initialise(data, admin_password=PASSWORD, throwaway=True)
    crashed = run(data)
    crashed.child.process.send_signal(signal.SIGKILL)
    crashed.child.process.wait()
    # Somebody else has its process id by now, as happens after a restart of the machine.
    pid_file = data / "postmaster.pid"
    pid_file.write_text("\n".join([str(os.getpid()), *pid_file.read_text().splitlines()[1:]]))

    said = postgres.end_earlier(data)

    assert "leftover lock was removed" in said
    server = run(data)
    assert question(server, "SELECT 1") == 1
    server.stop()


def test_a_server_that_outlived_its_supervisor_is_stopped_and_said(data):
    postgres.initialise(data, admin_password=PASSWORD, throwaway=True)
    orphan = run(data)

    said = postgres.end_earlier(data)

    assert f"process {orphan.child.pid}" in said
    assert orphan.child.process.wait(5) == 0


def test_nothing_is_said_where_the_last_run_ended_well(data):
    postgres.initialise(data, admin_password=PASSWORD, throwaway=True)
    run(data).stop()

    assert postgres.end_earlier(data) is None


def test_data_of_another_installation_is_recognised_by_its_password(data):
    postgres.initialise(data, admin_password=PASSWORD, throwaway=True)

    with pytest.raises(postgres.WrongPasswordError, match=r"secrets\.json.*make demo-reset"):
        run(data, password="another")
