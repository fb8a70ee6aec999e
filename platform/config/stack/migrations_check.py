"""Whether every change of a model has its migration. Asks no database."""

from __future__ import annotations

import sys

import django
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState


def main() -> int:
    """Print what is missing; the status is 1 when anything is."""
    django.setup()
    loader = MigrationLoader(None)
    conflicts = loader.detect_conflicts()
    for app, names in conflicts.items():
        print(f"{app}: two newest migrations, {' and '.join(sorted(names))}; make one follow")
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    ours = {app.label for app in apps.get_app_configs() if "site-packages" not in app.path}
    missing = {
        app: migrations
        for app, migrations in detector.changes(graph=loader.graph).items()
        if app in ours
    }
    for app, migrations in missing.items():
        for migration in migrations:
            for operation in migration.operations:
                print(f"{app}: no migration says “{operation.describe()}”")
    if missing:
        print("Write them: nexus makemigrations")
    return 1 if missing or conflicts else 0


if __name__ == "__main__":
    sys.exit(main())
