"""A clinic's schema as an earlier fresh database of this installation has recorded it.

Django's executor takes most of a minute for what its recorded SQL does in a second, so the SQL is kept
in a folder, under a digest of every file that can have a say in it; whatever changes there, the next
fresh database runs the migrations again and records its own.
"""

from __future__ import annotations

import hashlib
import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import django
import psycopg
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from tenants.walls import hook_modules

ROOT = Path(__file__).resolve().parents[1]
ALWAYS = ("tenants", "audit", "accounts.migrations", "events")
"""Packages whose code writes SQL of its own into every schema."""
DEPTH = 3
KEPT = 9


def read() -> str | None:
    """Answer the recorded SQL from nothing to the newest migrations; None where there is none."""
    file = _file()
    return file.read_text() if file is not None and file.exists() else None


def keep(sql: str) -> None:
    """Keep what has just been recorded; of the older ones the newest few stay."""
    file = _file()
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    for old in sorted(file.parent.glob("*.sql"), key=os.path.getmtime)[:-KEPT]:
        old.unlink(missing_ok=True)
    half = file.with_name(f"half-{os.getpid()}")
    half.write_text(sql)
    half.rename(file)


def _file() -> Path | None:
    if settings.SCHEMA_CACHE is None:
        return None
    digest = hashlib.sha256(f"{django.__version__} {psycopg.__version__}".encode())
    for path in sorted(_sources()):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return Path(settings.SCHEMA_CACHE) / f"{digest.hexdigest()}.sql"


def _sources() -> set[Path]:
    """Answer the migrations, what they take their SQL from, and what writes the walls."""
    found: set[Path] = set()
    for name in ALWAYS:
        folder = _path(import_module(name))
        found |= set(folder.parent.rglob("*.py")) if folder else set()
    loader = MigrationLoader(None, ignore_no_migrations=True)
    level = {migration.__module__ for migration in loader.disk_migrations.values()} | hook_modules()
    for _ in range(DEPTH):
        found |= {path for name in level if (path := _path(sys.modules[name])) is not None}
        level = {taken for name in level for taken in _taken_from(sys.modules[name])}
    return {path for path in found if path.is_relative_to(ROOT)}


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
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file else None
