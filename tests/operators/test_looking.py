"""What clinics answer about themselves, who may ask, and what never gets out."""

from __future__ import annotations

import json

import psycopg
import pytest
from django.db import DatabaseError, connections
from psycopg import errors

from operators import looking
from operators.models import ClinicHealth
from tenants.scope import platform_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")
SECRET = "Quimbleton"


def _patient_of(clinic) -> None:
    from clinical.patients.models import Patient
    from clinical.practice.models import Location

    with tenant_scope(clinic):
        place = Location.objects.create(name=f"{SECRET} Rooms")
        Patient.objects.create(given_names="Ada", family_name=SECRET, location=place)


def test_a_clinic_answers_counts_of_its_own_and_nothing_anybody_wrote(alpha, beta):
    _patient_of(alpha)

    mine, theirs = looking.figures_of(alpha), looking.figures_of(beta)

    assert (mine["patients"], mine["locations"], theirs["patients"]) == (1, 1, 0)
    assert SECRET not in json.dumps(mine)
    assert mine["tables_bytes"] > 0


def test_neither_the_operators_nor_the_webs_role_can_run_it_nor_the_owner_for_another_clinic(
    alpha, beta
):
    for alias in ("platform", "default"):
        wanted = {
            key: value
            for key, value in connections[alias].get_connection_params().items()
            if key in {"host", "port", "user", "password", "dbname"}
        }
        with psycopg.connect(**wanted) as raw:
            raw.execute(f"SET rls.tenant_id = '{alpha.pk}'")
            with pytest.raises(errors.InsufficientPrivilege):
                raw.execute(f"SELECT {alpha.schema_name}.clinic_figures()")
    with (
        pytest.raises(DatabaseError, match="another scope"),
        tenant_scope(beta, using="owner"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(f"SELECT {alpha.schema_name}.clinic_figures()")


def test_a_clinic_that_does_not_answer_keeps_its_old_figures_and_stops_no_other(
    alpha, beta, monkeypatch
):
    assert looking.look_at_every_clinic() == 2
    whole = looking.figures_of

    def stumble(tenant):
        if tenant == alpha:
            raise ValueError(SECRET)
        return whole(tenant)

    monkeypatch.setattr(looking, "figures_of", stumble)
    assert looking.look_at_every_clinic() == 1

    with platform_scope():
        kept = {one.tenant_id: one for one in ClinicHealth.objects.all()}
    assert kept[alpha.pk].problem == "The clinic did not answer: ValueError."
    assert kept[alpha.pk].figures["users"] == 0
    assert kept[beta.pk].problem == ""


def test_the_page_reads_what_was_kept_even_where_the_clinics_are_out_of_reach(
    alpha, sign_in, figures
):
    from django.test.utils import CaptureQueriesContext

    figures(alpha, users=7)
    operator = sign_in(None, "operator")

    with CaptureQueriesContext(connections["platform"]) as asked:
        pages = [operator.get(path) for path in ("/", f"/clinics/{alpha.pk}/", "/imports/")]

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert not [one["sql"] for one in asked if alpha.schema_name in one["sql"].split("tenants_")[0]]
    assert len(asked) < 45
