"""Two clinics behind a real PgBouncer in transaction mode: every answer is its own clinic's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.models import User
from tenants.middleware import ScopeMiddleware
from tenants.scope import tenant_scope

REQUESTS, CLIENTS, SERVER_CONNECTIONS = 480, 12, 3


def _pgbouncer() -> str:
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if found is None:
        if os.environ.get("NEXUS_CI"):
            pytest.fail("pgbouncer is not installed; .ci/run installs it")
        pytest.skip("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
    return found


@pytest.fixture
def behind_pgbouncer(tmp_path_factory, committed):
    """Point the web role's connection at a PgBouncer with fewer server connections than clients."""
    program = _pgbouncer()
    folder = tmp_path_factory.mktemp("pgbouncer")
    settings = connections["default"].settings_dict
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "users.txt").write_text(f'"{settings["USER"]}" "{settings["PASSWORD"]}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"""[databases]
{settings["NAME"]} = host={settings["HOST"]} port={settings["PORT"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {SERVER_CONNECTIONS}
max_client_conn = 100
"""
    )
    as_user = []
    if os.geteuid() == 0:
        as_user = ["-u", "nobody"]
        for path in [folder, *folder.parents]:
            if path.owner() == "root" and str(path).startswith("/tmp/"):
                path.chmod(path.stat().st_mode | 0o055)
        for path in folder.iterdir():
            path.chmod(0o644)
    process = subprocess.Popen(
        [program, "-q", *as_user, str(folder / "pgbouncer.ini")], stderr=subprocess.PIPE
    )
    connection.close()
    before = (settings["HOST"], settings["PORT"])
    try:
        _wait_for(port, process)
        settings["HOST"], settings["PORT"] = "127.0.0.1", port
        yield
    finally:
        connections.close_all()
        settings["HOST"], settings["PORT"] = before
        process.terminate()
        process.communicate(timeout=10)


def _wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(100):
        if process.poll() is not None:
            pytest.fail(f"pgbouncer stopped: {process.stderr.read().decode()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("pgbouncer did not start listening")


def test_interleaved_requests_of_two_clinics_get_their_own_people_only(
    alpha, beta, behind_pgbouncer
):
    for clinic, names in ((alpha, ["Alice", "Anna"]), (beta, ["Bob"])):
        with tenant_scope(clinic):
            for name in names:
                User.objects.create(
                    email=f"{name.lower()}@example.com", name=name, role="reception"
                )

    def view(_request):
        first = ",".join(User.objects.order_by("name").values_list("name", flat=True))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.002)")
        return HttpResponse(f"{first}|{User.objects.count()}")

    middleware = ScopeMiddleware(view)

    def ask(client: int) -> list[bytes]:
        host = ("alpha", "beta")[client % 2]
        try:
            return [
                middleware(RequestFactory().get("/", headers={"host": f"{host}.localhost"})).content
                for _ in range(REQUESTS // CLIENTS)
            ]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=CLIENTS) as pool:
        answers = list(pool.map(ask, range(CLIENTS)))

    each = REQUESTS // CLIENTS
    assert answers == [[b"Alice,Anna|2"] * each, [b"Bob|1"] * each] * (CLIENTS // 2)
