"""A clinic takes everything along, is destroyed by two people, and comes back as it was."""

from __future__ import annotations

import json

import pytest

from onboarding.filemaker.demo_clinic import write_demo_clinic
from tests.e2e.walk import make_clinic, sign_in

pytestmark = pytest.mark.e2e

_SUMS = """
import json
from tenants.checksums import checksums_of_clinic
from tenants.models import Tenant
from tenants.scope import public_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain={subdomain!r})
print(json.dumps({{t: s.as_json() for t, s in checksums_of_clinic(clinic).items()}}))
"""
_REST = """
import time
from clinical.documents import finishing
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain={subdomain!r})
for _ in range(300):
    with tenant_scope(clinic):
        waiting = list(finishing.unfinished())
    if not waiting:
        break
    time.sleep(0.2)
assert not waiting
"""
_EXPORT = """
from pathlib import Path
from onboarding.takeout.services import export_to
from tenants.models import Tenant
from tenants.scope import public_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain={subdomain!r})
export_to(clinic, Path({path!r}))
"""


def _said(platform, script: str, **words: str) -> str:
    answer = platform.nexus("shell", "--no-imports", "-c", script.format(**words))
    assert answer.returncode == 0, answer.stderr[-2000:]
    return answer.stdout


def _tenants(platform, *words: str, status: int = 0) -> list[dict]:
    answer = platform.nexus("tenants", *words, "--json")
    assert answer.returncode == status, (answer.stdout[-500:], answer.stderr[-2000:])
    return json.loads(answer.stdout)


def test_a_clinic_is_exported_deleted_and_restored_and_is_the_same(platform, page, tmp_path):
    email = make_clinic(platform, "leaver", owner="Lena Leaver")
    file = write_demo_clinic(tmp_path / "Leaver.fmp12", factor=0.02)
    loaded = platform.nexus("filemaker", "import", str(file.path), "--tenant", "leaver", "--json")
    assert loaded.returncode == 0, loaded.stderr[-2000:]
    archive = tmp_path / "leaver.zip"
    _said(platform, _REST, subdomain="leaver")  # the worker draws previews of the files
    before = json.loads(_said(platform, _SUMS, subdomain="leaver"))
    _said(platform, _EXPORT, subdomain="leaver", path=str(archive))

    asked = ("delete", "leaver", "--confirm", "leaver", "--days", "0", "--actor", "Olga")
    [held] = _tenants(platform, *asked, status=3)
    job = held["job"]["id"]
    assert platform.nexus("tenants", "approve", job, "--actor", "Olga").returncode != 0
    [gone] = _tenants(platform, "approve", job, "--actor", "Pavel")
    assert gone["state"] == "deleted"
    page.goto(platform.url("leaver", "/"))
    assert page.get_by_label("Password").count() == 0

    [back] = _tenants(platform, "restore", "returner", "--archive", str(archive))
    after = json.loads(_said(platform, _SUMS, subdomain="returner"))

    assert back["state"] == "active"
    assert sum(table["rows"] for table in before.values()) > 500
    assert {t: s for t, s in before.items() if after.get(t) != s} == {}
    assert platform.nexus("audit", "verify", "--tenant", "returner").returncode == 0
    sign_in(page, platform.url("returner", "/patients/"), email)
    page.get_by_role("heading", name="Patients").first.wait_for()
