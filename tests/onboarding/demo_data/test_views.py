from __future__ import annotations

import pytest
from django.db import connections

from clinical.patients.models import Patient
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default"])


def _kinds() -> list[str]:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT kind FROM public.tenants_job ORDER BY created_at")
        return [row[0] for row in cursor.fetchall()]


def test_an_owner_asks_for_it_with_one_click_and_sees_it_at_work(alpha, sign_in):
    owner = sign_in(alpha, "owner")

    page = owner.get("/settings/data/demo/")
    asked = owner.post("/settings/data/demo/fill/", follow=True)

    assert "Fill it" in page.text
    assert "Inventing patients" in asked.text
    with tenant_scope(alpha):
        assert _kinds() == ["demo_fill"]
    assert owner.post("/settings/data/demo/remove/").status_code == 302, (
        "there is nothing to remove"
    )
    with tenant_scope(alpha):
        assert _kinds() == ["demo_fill"]


def test_a_clinic_with_patients_is_told_why_not(alpha, sign_in):
    with tenant_scope(alpha):
        Patient.objects.create(given_names="Real", family_name="Person")
    owner = sign_in(alpha, "owner")

    page = owner.get("/settings/data/demo/")
    owner.post("/settings/data/demo/fill/")

    assert "for a clinic without patients" in page.text
    with tenant_scope(alpha):
        assert _kinds() == []
