"""Making a clinic: the recorded SQL against Django's migrations, side by side in one run.

Also a run of `nexus migrate` with nothing to do. Usage: python benchmarks/clinic_creation.py [clinics]
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from benchmarks.stage import stage  # noqa: E402 - found by the line above


def main(clinics: int = 10) -> None:
    with stage():
        _measure(clinics)


def _measure(clinics: int) -> None:
    from tenants import lifecycle, migrate
    from tenants.scope import entered, schema_of

    by_script, by_migrations = [], []
    for index in range(clinics):
        start = time.perf_counter()
        lifecycle.create_tenant(name=f"Clinic {index}", subdomain=f"clinic-{index}")
        by_script.append(time.perf_counter() - start)
        if index < 3:
            start = time.perf_counter()
            with entered(migrate.tenant_scope_of_id(9_000_000 + index)):
                for statement in migrate.create_schema_statements(schema_of(9_000_000 + index)):
                    migrate.execute(statement)
                migrate.run_executor()
            by_migrations.append(time.perf_counter() - start)
    start = time.perf_counter()
    migrate.migrate_all()
    idle = time.perf_counter() - start
    script, migrations = statistics.median(by_script), statistics.median(by_migrations)
    print(
        f"by recorded SQL   {script:6.2f} s a clinic (slowest of {clinics}: {max(by_script):.2f} s)"
    )
    print(f"by migrations     {migrations:6.2f} s a clinic   ratio {migrations / script:.1f}")
    print(f"nothing to do     {idle:6.2f} s for {clinics} clinics")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
