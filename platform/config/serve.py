"""`nexus serve`: the servers, the newest schema, then web, events, worker and beat until Ctrl-C."""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config import access
from config.stack import children, installation
from config.stack.layout import CHECKOUT
from config.stack.steps import Steps
from config.stack.supervisor import Supervisor, is_ready, stopping_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from config.stack.installation import Installation

OWN_STEPS = 4  # roles, migrations, static files, processes
WEB_WORKERS = 2
WEB_THREADS = 8
READY_SECONDS = 90
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; the exit status is 0 when it was stopped by hand."""
    parser = argparse.ArgumentParser(prog="nexus serve", description=__doc__)
    parser.parse_args(argv)
    return serve(say=announce)


def serve(
    *,
    say: Callable[[Installation], None],
    prepare: Callable[[Installation], None] | None = None,
    prepare_steps: int = 0,
) -> int:
    """Start everything, `prepare` before the first page is served, `say` once it is."""
    ready = False
    with stopping_on_signals():
        try:
            with ExitStack() as stack:
                steps = Steps(installation.step_count() + OWN_STEPS + prepare_steps)
                running = installation.start(steps, stack)
                bring_up_to_date(running)
                if prepare is not None:
                    prepare(running)
                supervisor = _start_processes(running)
                ready = True
                say(running)
                sys.stdout.flush()
                supervisor.watch()
        except KeyboardInterrupt:
            print("\nStopped." if ready else "\nInterrupted; the next start goes on from here.")
            return 0 if ready else INTERRUPTED
        except (RuntimeError, OSError) as error:  # every named error of a start is one
            print(f"\nnexus: {error}", file=sys.stderr)
            return 1


def bring_up_to_date(running: Installation) -> None:
    """Roles and database, migrations, static files: each does nothing when nothing is new."""
    with running.steps.step("Checking the database and its roles"):
        if "DATABASE_ADMIN_URL" in running.environment.for_commands():
            running.run("bootstrap", log="bootstrap")
    with running.steps.step("Migrating"):
        running.run("migrate", log="migrate")
    with running.steps.step("Collecting static files"):
        _collect_static(running)


def _collect_static(running: Installation) -> None:
    stamp = running.layout.var / "static.stamp"
    newest = _static_fingerprint()
    if stamp.exists() and stamp.read_text() == newest:
        return
    running.run("collectstatic", "--noinput", "--clear", log="static")
    stamp.write_text(newest)


def _static_fingerprint() -> str:
    """Changes when a static file of ours or the list of npm packages does."""
    digest = hashlib.sha256()
    for source in (CHECKOUT / "package-lock.json", CHECKOUT / "platform/config/settings.py"):
        digest.update(source.read_bytes() if source.exists() else b"-")
    for path in sorted(CHECKOUT.glob("[!.]*/**/static/**/*")):
        if path.is_file() and not {"node_modules", "var"} & set(path.parts):
            status = path.stat()
            digest.update(f"{path}\0{status.st_mtime_ns}\0{status.st_size}\n".encode())
    return digest.hexdigest()


def _start_processes(running: Installation) -> Supervisor:
    port = installation.web_port().number
    supervisor = Supervisor(servers=running.servers)
    running.stack.callback(supervisor.stop)
    with running.steps.step("Starting web, events, worker and beat"):
        web = supervisor.add(partial(_web, running, port))
        events = supervisor.add(partial(_events, running))
        supervisor.add(partial(_worker, running))
        supervisor.add(partial(_beat, running))
        host = os.environ.get("NEXUS_BASE_DOMAIN", "localhost")
        children.wait_until(lambda: is_ready(port, host), web, seconds=READY_SECONDS, pause=0.2)
        streams = installation.events_port().number
        children.wait_until(
            lambda: is_ready(streams, host, "/healthz"), events, seconds=READY_SECONDS, pause=0.2
        )
    return supervisor


def web_command(port: int) -> list[str | Path]:
    """How the web server is started; benchmarks start it the same way."""
    shared_memory = Path("/dev/shm")  # noqa: S108 - gunicorn makes a private file for its heartbeat
    return [
        *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
        *("--bind", f"{os.environ.get('NEXUS_BIND', '127.0.0.1')}:{port}"),
        *("--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS)),
        *("--worker-class", "gthread", "--timeout", "120", "--graceful-timeout", "10"),
        *("--access-logfile", "-", "--access-logformat", access.LOG_FORMAT),
        "--no-control-socket",
        *(("--worker-tmp-dir", shared_memory) if os.access(shared_memory, os.W_OK) else ()),
    ]


def _web(running: Installation, port: int) -> children.Child:
    return children.spawn(
        "The web server",
        web_command(port),
        log=running.layout.log("web"),
        env=running.environment.for_web(),
    )


def _events(running: Installation) -> children.Child:
    """Streams to open pages; one process of its own, so that none of them holds a web thread."""
    return children.spawn(
        "The event server",
        [
            *(sys.executable, "-m", "config", "events"),
            *("--bind", os.environ.get("NEXUS_BIND", "127.0.0.1")),
            *("--port", str(installation.events_port().number)),
        ],
        log=running.layout.log("events"),
        env=running.environment.for_web(),
        patience=8,
    )


def _worker(running: Installation) -> children.Child:
    return children.spawn(
        "The worker",
        [
            *(sys.executable, "-m", "celery", "-A", "config.celery:app", "worker"),
            *("--loglevel", "INFO", "--concurrency", "2", "--hostname", "nexus@%h"),
        ],
        log=running.layout.log("worker"),
        env=running.environment.for_worker(),
        # The parent's death must not leave it finishing a long task on a dead database.
        stop_signal=signal.SIGTERM,
        patience=15,
    )


def _beat(running: Installation) -> children.Child:
    return children.spawn(
        "The scheduler",
        [
            *(sys.executable, "-m", "celery", "-A", "config.celery:app", "beat"),
            *("--loglevel", "INFO", "--pidfile", ""),
            *("--schedule", running.layout.var / "beat-schedule"),
        ],
        log=running.layout.log("beat"),
        env=running.environment.for_worker(),
        patience=5,
    )


def address(subdomain: str = "") -> str:
    host = os.environ.get("NEXUS_BASE_DOMAIN", "localhost")
    return f"http://{subdomain + '.' if subdomain else ''}{host}:{installation.web_port().number}"


def announce(running: Installation) -> None:
    print(
        f"\nNexus is ready.\n\n"
        f"  Platform   {address()}\n"
        f"  Operators  {address('ops')}\n"
        f"  Logs       {running.layout.logs}\n"
        f"  Mail       {running.environment.variables['MAIL_URL']}\n\n"
        "Ctrl-C stops it."
    )
