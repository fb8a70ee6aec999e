from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyrage
import pytest
from django.conf import settings as django_settings
from psycopg import conninfo

from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _backups(settings, tmp_path):
    """Backups go to a folder of the test, read by the role that reads past the walls."""
    admin = conninfo.conninfo_to_dict(os.environ["DATABASE_ADMIN_URL"])
    name = django_settings.DATABASES["default"]["NAME"]
    settings.BACKUP_DATABASE_URL = (
        f"postgresql://nexus_backup:{PASSWORD}@{admin['host']}:{admin['port']}/{name}"
    )
    settings.BACKUP_STORE = {"location": str(tmp_path / "backups")}
    settings.BACKUP_RECIPIENTS = ()
    for folder in Path(os.environ["NEXUS_VAR"]).glob("files/t*"):  # what other tests have stored
        shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _waiting(no_worker):
    """Each test does its jobs itself."""


@pytest.fixture
def age(settings):
    """A pair of keys: backups are sealed for it, and only the test holds its private one."""
    identity = pyrage.x25519.Identity.generate()
    settings.BACKUP_RECIPIENTS = (str(identity.to_public()),)
    return identity
