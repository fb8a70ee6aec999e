from __future__ import annotations

from datetime import UTC, datetime

from clinical.notices import services
from clinical.notices.models import Notice, PushSubscription
from tenants.scope import tenant_scope

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def _tell(clinic, who, text="Robin wrote to you"):
    told = services.Told(key="thread:1", text=text, url="/patients/", kind="message")
    with tenant_scope(clinic):
        return services.notify([who], told, at=NOW)[0]


def test_the_bell_counts_lists_opens_and_empties(alpha, sign_in):
    kim, robin = sign_in(alpha, "clinician"), sign_in(alpha, "reception")
    notice = _tell(alpha, kim.person)

    assert "Notifications, 1 unread" in kim.get("/patients/").text
    assert "Notifications, 1 unread" not in robin.get("/patients/").text
    assert "Robin wrote to you" in kim.get("/notices/latest/").text
    assert "Robin wrote to you" in kim.get("/notices/").text
    assert robin.get(f"/notices/{notice.pk}/").status_code == 404
    opened = kim.get(f"/notices/{notice.pk}/")
    assert (opened.status_code, opened["Location"]) == (302, "/patients/")
    assert "unread" not in kim.get("/notices/bell/").text
    _tell(alpha, kim.person)
    assert kim.post("/notices/read/").status_code == 302
    with tenant_scope(alpha):
        assert not Notice.objects.filter(read_at=None).exists()


def test_a_device_is_put_on_and_taken_off_by_its_own_person(alpha, sign_in, browser_keys):
    kim, robin = sign_in(alpha, "clinician"), sign_in(alpha, "coordinator")
    fields = {"endpoint": "https://push.example/1", **browser_keys.keys}

    assert kim.post("/notices/devices/", fields).status_code == 204
    assert (
        kim.post("/notices/devices/", {**fields, "endpoint": "http://10.0.0.1"}).status_code == 422
    )
    with tenant_scope(alpha):
        device = PushSubscription.objects.get()
    assert device.user_id == kim.person.pk
    assert "Tell me on this device" in kim.get("/notices/").text or "NEXUS_PUSH_KEY" in (
        kim.get("/notices/").text
    )
    assert robin.post(f"/notices/devices/{device.pk}/remove/").status_code == 404
    assert kim.post(f"/notices/devices/{device.pk}/remove/").status_code == 302
    with tenant_scope(alpha):
        assert not PushSubscription.objects.exists()
