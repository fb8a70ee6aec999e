from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from clinical.practice.middleware import ClinicTimeMiddleware
from tenants.models import Tenant


@pytest.mark.parametrize(
    ("tenant", "zone"),
    [
        (Tenant(time_zone="Australia/Perth"), "Australia/Perth"),
        (Tenant(time_zone="Australia/Adelaide"), "Australia/Adelaide"),
        (None, "UTC"),
    ],
)
def test_a_request_runs_on_its_clinics_clocks_and_leaves_none_behind(tenant, zone):
    request = RequestFactory().get("/")
    request.tenant = tenant
    answering = ClinicTimeMiddleware(
        lambda _request: HttpResponse(str(timezone.get_current_timezone()))
    )

    answer = answering(request)

    assert answer.content.decode() == zone
    assert str(timezone.get_current_timezone()) == "UTC"
