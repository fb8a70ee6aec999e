"""The process that is killed: does one step of an import for each line on its standard input.

Settings are loaded once; each step runs in a fork of its own, as a worker's child does, and its process
id is told so that a test can kill it.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path


def main() -> None:
    import django

    django.setup()
    # Everything a step needs, once: a fork begins at once, and nothing it reads changes under it.
    from onboarding.imports import filing, filing_tasks, services, tasks  # noqa: F401
    from tenants import lifecycle, migrate, roles  # noqa: F401

    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _obey(order)
        _say(pid=pid)
        _, status = os.waitpid(pid, 0)
        _say(status=os.waitstatus_to_exitcode(status))


def _say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _obey(order: dict) -> None:
    """Do the step in the fork, and leave it without what the parent would do on its way out."""
    try:
        answer = STEPS[order["step"]](order)
        Path(order["answer"]).write_text(json.dumps(answer))
    except BaseException as error:  # noqa: BLE001 - the answer says what happened
        Path(order["answer"]).write_text(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        Path(order["answer"] + ".trace").write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)


def _prepare(order: dict) -> dict:
    """Make the database, a clinic, and a run of the file that is ready to be loaded."""
    from onboarding.imports import services
    from onboarding.imports.models import ImportRun
    from onboarding.imports.runs import begin_run
    from onboarding.imports.upload import receive_file
    from tenants import lifecycle, migrate, roles
    from tenants.scope import NOBODY, tenant_scope

    roles.bootstrap_roles(
        order["admin_url"], passwords=dict.fromkeys(roles.LOGIN_ROLES, order["password"])
    )
    roles.bootstrap_database(order["admin_url"], name="chaos")
    migrate.migrate_all()
    clinic = lifecycle.create_tenant(name="Chaos", subdomain="chaos")
    with tenant_scope(clinic):
        run = begin_run(receive_file(Path(order["file"]), actor=NOBODY), actor=NOBODY)
    services.read_file(clinic, run.pk, live=False)
    with tenant_scope(clinic):
        run = ImportRun.objects.select_related("source").get(pk=run.pk)
        services.save_mapping(run, services.proposed_spec(run), actor=NOBODY)
    return {"run": str(run.pk), "schema": clinic.schema_name, "tenant": clinic.pk}


def _go_on(order: dict) -> dict:
    """Take the run on from where it stands, to its end: loaded, with its files in storage."""
    from onboarding.imports import services
    from onboarding.imports.filing import wants_filing
    from onboarding.imports.models import ImportRun
    from tenants.scope import tenant_scope

    clinic, run_id = _clinic(), order["run"]
    _break_storage(order.get("storage_fails_at"))
    with tenant_scope(clinic):
        run = ImportRun.objects.get(pk=run_id)
    if run.state not in {"loaded", "filing"}:
        services.load_run(clinic, run.pk, live=True, unchecked=True)
    with tenant_scope(clinic):
        run.refresh_from_db()
        has_files = run.state == "filing" or wants_filing(run.pk)
    account = services.file_run(clinic, run.pk, live=True) if has_files else {}
    with tenant_scope(clinic):
        run.refresh_from_db()
    return {"state": run.state, "error": run.error, "files": account}


def _clinic():
    from tenants.models import Tenant
    from tenants.scope import public_scope

    with public_scope():
        return Tenant.objects.get(subdomain="chaos")


def _break_storage(at: int | None) -> None:
    """Have the disk fail from the given operation on, until this process ends."""
    if at is None:
        return
    from tenants.storage import ScopedFileSystemStorage, StorageUnavailableError

    done = 0

    def failing(original):
        def operation(self, *args, **kwargs):
            nonlocal done
            done += 1
            if done > at:
                raise StorageUnavailableError("The disk with the files does not answer.")
            return original(self, *args, **kwargs)

        return operation

    for name in ("adopt", "stream", "size_or_none"):
        original = getattr(ScopedFileSystemStorage, name)
        setattr(ScopedFileSystemStorage, name, failing(original))


STEPS = {"prepare": _prepare, "go_on": _go_on}

if __name__ == "__main__":
    main()
