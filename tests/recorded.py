"""The suite's schema from the last run, where nothing that writes it has changed since.

Django's executor takes most of a minute for what its recorded SQL does in a second. The SQL is kept
under a digest of every file that can have a say in it; a fresh clone has none and records its own.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from types import ModuleType

import django
import psycopg

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".pytest_cache" / "schema"
ALWAYS = ("tenants", "platform/audit", "platform/accounts/migrations", "platform/events")
"""Folders whose code writes SQL of its own into every schema."""
DEPTH = 3
KEPT = 9


def restore() -> bool:
    """Make the template from the recorded SQL of an earlier run; answers whether there was any."""
    from tenants import migrate
    from tenants.models import MigrationHead, SchemaScript
    from tenants.scope import entered, public_scope

    file = _file()
    if not file.exists():
        return False
    heads = migrate.heads_digest()
    migrate.migrate_public()
    with public_scope(using=migrate.OWNER):
        SchemaScript.objects.create(
            from_heads="", to_heads=heads, sql=file.read_text(), replayable=True
        )
        migrate.load_scripts(heads)
    with entered(migrate.tenant_scope_of_id(migrate.TEMPLATE_ID)):
        migrate.build_schema(migrate.TEMPLATE_ID)
    with public_scope(using=migrate.OWNER):
        MigrationHead.objects.create(tenant_id=migrate.TEMPLATE_ID, heads=heads)
    return True


def keep() -> None:
    """Keep what this run has recorded."""
    from tenants import migrate
    from tenants.models import SchemaScript
    from tenants.scope import public_scope

    with public_scope(using=migrate.OWNER):
        script = SchemaScript.objects.get(to_heads=migrate.heads_digest())
    if script.from_heads or not script.replayable:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in sorted(FOLDER.glob("*.sql"), key=os.path.getmtime)[:-KEPT]:
        old.unlink(missing_ok=True)
    half = FOLDER / f"half-{os.getpid()}"
    half.write_text(script.sql)
    half.rename(_file())


def _file() -> Path:
    digest = hashlib.sha256(f"{django.__version__} {psycopg.__version__}".encode())
    for path in sorted(_sources()):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return FOLDER / f"{digest.hexdigest()}.sql"


def _sources() -> set[Path]:
    """Answer the migrations, what they take their SQL from, and what writes the walls."""
    found = {path for folder in ALWAYS for path in (ROOT / folder).rglob("*.py")}
    level = set(_migrations())
    for _ in range(DEPTH):
        found |= {_path(sys.modules[name]) for name in level} - {None}
        level = {taken for name in level for taken in _taken_from(sys.modules[name])}
    return {path for path in found if path.is_relative_to(ROOT)}


def _migrations() -> list[str]:
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None, ignore_no_migrations=True)
    return [migration.__module__ for migration in loader.disk_migrations.values()]


def _taken_from(module: ModuleType) -> set[str]:
    """Answer which modules of ours a module has taken names from."""
    names = {
        value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        for value in vars(module).values()
    }
    return {name for name in names if name in sys.modules and _is_ours(sys.modules[name])}


def _is_ours(module: ModuleType) -> bool:
    path = _path(module)
    return path is not None and path.is_relative_to(ROOT) and ".venv" not in path.parts


def _path(module: ModuleType) -> Path | None:
    return Path(module.__file__).resolve() if getattr(module, "__file__", None) else None
