"""`nexus tenants`: the clinics, and everything that is done with one as a whole.

Each verb asks for a job and does it here and now, saying how far it is; `--queue` leaves it to a worker.
The exit status is 0 only when what was asked for is done.
"""

from __future__ import annotations

import getpass
import json
import os
import time
import uuid
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from tenants import jobs
from tenants.jobs import OWNER, JobError
from tenants.models import Job, Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

LOOK_EVERY = 0.5
"""Seconds between two looks at a job that a worker does."""
SHOWN = (
    "id", "kind", "state", "step", "done", "total", "problem", "asked_by", "asked_from",
    "approved_by", "not_before", "attempts", "created_at", "started_at", "finished_at", "params",
    "result", "log",
)  # fmt: skip


class Command(BaseCommand):
    help = "Make, list, rename, suspend, archive, copy, move, export, restore and delete clinics."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--actor", default="", help="who asks, as the records name you")
        verbs = parser.add_subparsers(dest="verb", required=True)
        _add_verbs(verbs)
        _common(verbs.add_parser("list", help="list the clinics"))
        listing = verbs.add_parser("jobs", help="list jobs, newest first")
        listing.add_argument("--tenant", default="", metavar="SUBDOMAIN")
        listing.add_argument("--most", type=int, default=50)
        _common(listing)
        for verb, words in _JOB_VERBS.items():
            one = verbs.add_parser(verb, help=words)
            one.add_argument("job", metavar="JOB")
            if verb in {"approve", "retry"}:
                one.add_argument("--queue", action="store_true", help="leave it to a worker")
            _common(one)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        self._json = options["json"]
        verb = options["verb"]
        options["actor"] = options["actor"] or f"{getpass.getuser()} (command line)"
        try:
            if verb == "list":
                self._print_clinics(_all_clinics(), {})
            elif verb == "jobs":
                self._print([_shown(job) for job in _jobs(options["tenant"], options["most"])])
            elif verb in _JOB_VERBS:
                self._on_job(verb, options)
            else:
                self._ask(verb, options)
        except JobError as error:
            raise CommandError(str(error)) from error

    # ── asking for something ────────────────────────────────────────────────────────────────────────

    def _ask(self, verb: str, options: dict[str, Any]) -> None:
        tenant = _find(options["subdomain"]) if verb not in _WITHOUT_CLINIC else None
        params = {name: options[name] for name in _VERBS[verb] if options.get(name) is not None}
        if verb in _WITHOUT_CLINIC:
            params["subdomain"] = options["subdomain"]
        elif verb == "rename":
            params["subdomain"] = options["new_subdomain"]
        for pair in options["param"] or []:
            name, _, value = pair.partition("=")
            params[name] = _value(value)
        not_before = parse_datetime(options["not_before"]) if options["not_before"] else None
        with public_scope(using=OWNER):
            job = jobs.ask(
                verb,
                tenant,
                asked_by=options["actor"],
                asked_from="command",
                not_before=not_before,
                **params,
            )
        if not options["queue"] and job.state == Job.State.QUEUED and not_before is None:
            job = self._do(job)
        self._end(job, verb)

    def _do(self, job: Job) -> Job:
        """Do the job here, or watch the worker that was quicker; answers how it stands then."""
        with jobs.listening(self._say):
            done = jobs.run(job.pk)
        if done is not None:
            return done
        while True:
            found = _job(job.pk)
            waits = found.state == Job.State.QUEUED and found.not_before is not None
            if not found.is_open or found.state == Job.State.HELD or waits:
                return found
            time.sleep(LOOK_EVERY)

    def _say(self, job: Job, what: str) -> None:
        steps = {step.name: step.words for step in jobs.kind_of(job).steps}
        words = {"begun": jobs.kind_of(job).title, "failed": job.problem}.get(what, what)
        if what.startswith("step:"):
            seconds = job.log[-1]["seconds"] if job.log else 0
            words = f"  {steps.get(what[5:], what[5:])}: done in {seconds} s"
        self.stderr.write(words)

    def _end(self, job: Job, verb: str) -> None:
        tenant = _clinic_of(job)
        if tenant is not None:
            self._print_clinics([tenant], {tenant.pk: job})
        else:
            self._print([_shown(job)])
        if job.state == Job.State.HELD:
            raise CommandError(
                f"A second person must approve it: nexus tenants approve {job.pk} --actor NAME",
                returncode=3,
            )
        if job.state in {Job.State.FAILED, Job.State.CANCELLED}:
            raise CommandError(job.problem or f"{verb} was cancelled.")
        if job.state != Job.State.DONE:
            when = f" until {job.not_before:%Y-%m-%d %H:%M} UTC" if job.not_before else ""
            self.stderr.write(f"Job {job.pk} waits{when}.")
            if verb not in {"approve", "retry"}:
                raise CommandError("It is not done yet.", returncode=3)

    # ── jobs that are there ──────────────────────────────────────────────────────────────────────────

    def _on_job(self, verb: str, options: dict[str, Any]) -> None:
        job = _job(options["job"])
        if verb == "job":
            self._print([_shown(job)])
            return
        with public_scope(using=OWNER):
            if verb == "approve":
                job = jobs.approve(job, approved_by=options["actor"])
            elif verb == "cancel":
                job = jobs.cancel(job)
            else:
                job = jobs.retry(job)
        if verb == "cancel":
            self._print([_shown(job)])
            return
        if not options["queue"]:
            job = self._do(job)
        self._end(job, verb)

    # ── printing ───────────────────────────────────────────────────────────────────────────────────

    def _print_clinics(self, tenants: list[Tenant], by_clinic: dict[int, Job]) -> None:
        rows = [
            {
                "id": t.pk, "subdomain": t.subdomain, "name": t.name, "state": t.state, "url": t.url,
                **({"job": _shown(by_clinic[t.pk])} if t.pk in by_clinic else {}),
            }
            for t in tenants
        ]  # fmt: skip
        if self._json:
            self.stdout.write(json.dumps(rows, default=str))
            return
        for row in rows:
            self.stdout.write("{id:>6}  {subdomain:<24} {state:<10} {name}".format(**row))

    def _print(self, rows: list[dict[str, Any]]) -> None:
        if self._json:
            self.stdout.write(json.dumps(rows, default=str))
            return
        for row in rows:
            self.stdout.write("{id}  {kind:<11} {state:<9} {step:<12} {problem}".format(**row))


_VERBS: dict[str, dict[str, dict[str, Any]]] = {
    "create": {
        "name": {"required": True},
        "time_zone": {"default": "Australia/Sydney"},
        "region": {},
        "plan": {},
    },
    "rename": {"name": {}},
    "suspend": {
        "mode": {"choices": ["closed", "read_only"]},
        "reason": {"help": "what the clinic's people read"},
    },
    "reactivate": {},
    "archive": {"reason": {"help": "what the clinic's people read"}},
    "export": {
        "to": {"type": os.path.abspath, "help": "a file on this server to write the archive to"},
        "with_files": {"type": int, "choices": [0, 1], "help": "1 (with the files) where not said"},
    },
    "restore": {"archive": {"required": True, "type": os.path.abspath}, "name": {}},
    "rebuild": {
        "backup": {"required": True, "help": "its id, or the end of it: nexus backup list"},
        "of": {"metavar": "SUBDOMAIN", "help": "which clinic of a backup of the platform"},
        "identity": {"type": os.path.abspath, "metavar": "KEYFILE", "help": "age private keys"},
        "name": {},
    },
    "clone": {"target": {"help": "address of the sandbox"}, "name": {}},
    "move": {"cluster": {"required": True, "help": "a name of NEXUS_CLUSTERS, or “main”"}},
    "delete": {
        "confirm": {"help": "the subdomain once more"},
        "export_first": {"action": "store_true", "default": None},
        "days": {"type": int, "help": "of grace"},
    },
}
"""What each verb can be told, and how the command line reads it."""
_WITHOUT_CLINIC = frozenset({"create", "restore", "rebuild"})
_JOB_VERBS = {
    "job": "show one job",
    "approve": "let somebody else's job run",
    "cancel": "end a job",
    "retry": "let a stopped job go on",
}


def _add_verbs(verbs: _SubParsersAction[Any]) -> None:
    for verb, params in _VERBS.items():
        parser = verbs.add_parser(verb, help=f"{verb} a clinic")
        parser.add_argument("subdomain")
        if verb == "rename":
            parser.add_argument("new_subdomain")
        for name, rule in params.items():
            parser.add_argument(f"--{name.replace('_', '-')}", **rule)
        parser.add_argument("--param", action="append", metavar="NAME=VALUE")
        parser.add_argument("--queue", action="store_true", help="leave it to a worker")
        parser.add_argument("--not-before", default="", help="a moment, such as 2026-12-24T02:00Z")
        _common(parser)


def _common(parser: ArgumentParser) -> None:
    """Let --json and --actor stand after the verb as well."""
    from argparse import SUPPRESS

    parser.add_argument("--json", action="store_true", default=SUPPRESS)
    parser.add_argument("--actor", default=SUPPRESS)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _all_clinics() -> list[Tenant]:
    with public_scope(using=OWNER):
        return list(Tenant.objects.all())


def _find(subdomain: str) -> Tenant:
    with public_scope(using=OWNER):
        tenant: Tenant | None = Tenant.objects.filter(subdomain=subdomain).first()
    if tenant is None:
        raise CommandError(f"There is no clinic “{subdomain}”; `nexus tenants list` shows them.")
    return tenant


def _clinic_of(job: Job) -> Tenant | None:
    with public_scope(using=OWNER):
        return Tenant.objects.filter(pk=job.tenant_id).first() if job.tenant_id else None


def _jobs(subdomain: str, most: int) -> list[Job]:
    tenant = _find(subdomain) if subdomain else None
    with public_scope(using=OWNER):
        found = Job.objects.filter(tenant_id=tenant.pk) if tenant else Job.objects.all()
        return list(found[:most])


def _job(job_id: str | uuid.UUID) -> Job:
    try:
        wanted = uuid.UUID(str(job_id))
    except ValueError:
        raise CommandError(f"“{job_id}” is no job; `nexus tenants jobs` lists them.") from None
    with public_scope(using=OWNER):
        job = Job.objects.filter(pk=wanted).first()
    if job is None:
        raise CommandError(f"There is no job {wanted}; `nexus tenants jobs` lists them.")
    return job


def _shown(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in SHOWN}
