"""A request that an exception of ours has ended is counted for its clinic, and for no other."""

from __future__ import annotations

import pytest
import redis
from django.core.cache import cache

from operators import looking
from tenants import faults
from tenants.scope import tenant_scope

pytestmark = [
    pytest.mark.django_db(databases=["default", "owner", "platform"]),
    pytest.mark.usefixtures("_none_yet"),
]


@pytest.fixture
def _none_yet(alpha, beta):
    for clinic in (alpha, beta):
        with tenant_scope(clinic):
            cache.delete_many(faults._keys())


def faults_of(clinic) -> int:
    with tenant_scope(clinic):
        return faults.faults_of_a_day()


@pytest.fixture
def broken(monkeypatch):
    """The diary does not work any more."""

    def fail(*_args, **_options):
        raise RuntimeError("nothing works")

    monkeypatch.setattr("clinical.appointments.selectors.day_sheet", fail)


def test_a_fault_is_counted_where_it_happened(alpha, beta, sign_in, broken):
    client = sign_in(alpha, "reception")
    client.raise_request_exception = False

    assert client.get("/appointments/").status_code == 500
    assert client.get("/appointments/").status_code == 500
    assert client.get("/patients/nothing-here/").status_code == 404

    assert (faults_of(alpha), faults_of(beta)) == (2, 0)
    assert looking.figures_of(alpha)["faults_day"] == 2


def test_without_valkey_the_answer_is_the_same_and_nothing_is_counted(
    alpha, sign_in, broken, monkeypatch
):
    def gone(*_args, **_options):
        raise redis.ConnectionError

    client = sign_in(alpha, "reception")
    client.raise_request_exception = False
    for verb in ("add", "get_many"):
        monkeypatch.setattr(f"tenants.faults.cache.{verb}", gone)

    assert client.get("/appointments/").status_code == 500

    assert faults_of(alpha) == 0
