from __future__ import annotations

import json
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseForbidden
from django.test import Client
from django.urls import include, path

from audit.models import Event
from clinical.practice.models import Location
from config import urls_clinic
from tenants.scope import tenant_scope


def refuse_after_writing(request):
    Location.objects.create(name="must not stay")
    raise PermissionDenied


def answer_forbidden(request):
    return HttpResponseForbidden()


def hide(request, pk):
    raise Http404


def accept(request):
    return HttpResponse("ok")


app_name = "denials"
urlpatterns = [
    path("", include(urls_clinic)),
    path("t/raise/", refuse_after_writing, name="raises"),
    path("t/forbid/", answer_forbidden, name="forbids"),
    path("t/hide/<uuid:pk>/", hide, name="hides"),
    path("t/accept/", accept, name="accepts"),
]


@pytest.fixture(autouse=True)
def _urls(settings):
    settings.CLINIC_URLCONF = __name__


def _denials(clinic) -> list[tuple[str, str, str, str]]:
    with tenant_scope(clinic):
        events = Event.objects.filter(result="denied").select_related("payload").order_by("id")
        return [
            (
                event.action,
                event.object_type,
                event.actor_id,
                json.loads(event.payload.body)["reason"],
            )
            for event in events
        ]


def test_a_refused_request_keeps_its_event_and_nothing_else(alpha, sign_in):
    client = sign_in(alpha, "owner")

    answer = client.get("/t/raise/")

    assert answer.status_code == 403
    person = str(client.person.pk)
    assert _denials(alpha) == [("permission.denied", "raises", person, "PermissionDenied")]
    with tenant_scope(alpha):
        assert not Location.objects.exists()


def test_a_forbidding_answer_is_on_record(alpha, sign_in):
    client = sign_in(alpha, "reception")

    client.get("/t/forbid/")

    person = str(client.person.pk)
    assert _denials(alpha) == [("permission.denied", "forbids", person, "refused")]


def test_a_refusal_by_the_table_of_permissions_is_one_event_not_two(alpha, sign_in):
    sign_in(alpha, "reception").get("/audit/")

    with tenant_scope(alpha):
        assert Event.objects.filter(result="denied").count() == 1


def test_a_forged_form_is_on_record_with_who_was_signed_in(alpha, sign_in):
    signed_in = sign_in(alpha, "owner")
    strict = Client(enforce_csrf_checks=True, headers={"host": alpha.host})
    strict.cookies = signed_in.cookies

    answer = strict.post("/t/accept/")

    assert answer.status_code == 403
    assert [denial[2:] for denial in _denials(alpha)] == [
        (str(signed_in.person.pk), "forged or outdated form")
    ]


def test_a_record_that_was_asked_for_by_its_id_and_not_shown_is_on_record(alpha, sign_in):
    client = sign_in(alpha, "clinician")
    wanted = uuid.uuid4()

    answer = client.get(f"/t/hide/{wanted}/")

    assert answer.status_code == 404
    with tenant_scope(alpha):
        event = Event.objects.get(action="record.not_found")
        assert (event.object_type, event.object_id) == ("hides", str(wanted))


def test_an_address_that_leads_nowhere_is_no_event(alpha, sign_in):
    assert sign_in(alpha, "owner").get("/t/nowhere/").status_code == 404

    assert _denials(alpha) == []


def test_what_is_allowed_is_no_denial(alpha, sign_in):
    assert sign_in(alpha, "owner").get("/t/accept/").status_code == 200

    assert _denials(alpha) == []


def test_a_refusal_at_one_clinic_is_unknown_to_its_neighbour(alpha, beta, sign_in):
    sign_in(alpha, "owner").get("/t/forbid/")

    assert _denials(beta) == []
