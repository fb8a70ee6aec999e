"""What leaves the database carries its clinic too: cache keys, stored files, log lines."""

from __future__ import annotations

import json
import logging

import pytest
from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tenants.scope import NoTenantError, tenant_scope


def test_what_one_clinic_caches_the_other_does_not_find(alpha, beta):
    with tenant_scope(alpha):
        cache.set("colour", "teal", 60)
    with tenant_scope(beta):
        assert cache.get("colour") is None
    with tenant_scope(alpha):
        assert cache.get("colour") == "teal"


def test_the_cache_is_closed_outside_every_scope(db):
    with pytest.raises(NoTenantError):
        cache.get("colour")


def test_a_file_of_one_clinic_does_not_exist_for_the_other(alpha, beta):
    with tenant_scope(alpha):
        name = default_storage.save("notes/a.txt", ContentFile(b"alpha's"))
    with tenant_scope(beta):
        assert not default_storage.exists(name)
    with tenant_scope(alpha), default_storage.open(name) as stored:
        assert stored.read() == b"alpha's"


@pytest.mark.parametrize("name", ["../t2/a.txt", "/etc/passwd", "a/../../t2/a.txt"])
def test_a_name_cannot_leave_the_clinics_folder(alpha, name):
    with tenant_scope(alpha), pytest.raises(SuspiciousFileOperation):
        default_storage.open(name)


def test_files_are_closed_outside_every_scope(db):
    with pytest.raises(NoTenantError):
        default_storage.exists("a.txt")


def test_a_log_line_names_the_clinic_and_nothing_that_is_not_allowed(alpha, capsys):
    from config.logs import configuration

    formatter_settings = configuration(level="INFO")["formatters"]["json"]
    factory = formatter_settings.pop("()")
    formatter = factory(**formatter_settings)
    record = logging.LogRecord("x", logging.INFO, "f", 1, "saved", (), None)
    record.patient = "Alice"

    with tenant_scope(alpha):
        line = json.loads(formatter.format(record))

    assert (line["event"], line["tenant"]) == ("saved", alpha.pk)
    assert "Alice" not in json.dumps(line)
