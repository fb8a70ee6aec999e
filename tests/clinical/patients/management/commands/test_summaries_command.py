from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from clinical.patients.models import Patient
from tenants.scope import tenant_scope


def _run(*words: str) -> dict[str, int]:
    said = StringIO()
    call_command("summaries", *words, "--json", stdout=said)
    return json.loads(said.getvalue())


@pytest.mark.usefixtures("committed")
def test_wrong_figures_are_found_and_put_right(alpha, superuser):
    with tenant_scope(alpha):
        Patient.objects.create(given_names="Ada")
        Patient.objects.create(given_names="Bea")
    assert _run("check", "--tenant", "alpha") == {"patients": 2, "wrong": 0}

    superuser.execute(f"UPDATE {alpha.schema_name}.mv_patient_summary SET documents = 7")

    with pytest.raises(CommandError, match="rebuild"):
        _run("check", "--tenant", "alpha")
    assert _run("rebuild", "--tenant", "alpha") == {"patients": 2, "wrong": 2}
    assert _run("check", "--tenant", "alpha") == {"patients": 2, "wrong": 0}


@pytest.mark.usefixtures("committed")
def test_an_unknown_clinic_is_said(alpha):
    with pytest.raises(CommandError, match="no clinic"):
        _run("check", "--tenant", "nowhere")
