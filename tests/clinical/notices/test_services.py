from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from clinical.notices import delivery, services, tasks
from clinical.notices.encryption import encoded
from clinical.notices.models import Notice, PushSubscription
from clinical.notices.selectors import count_unread, latest_notices
from tenants.scope import tenant_scope
from tenants.tasks import TENANT_HEADER

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TOLD = services.Told(key="thread:1", text="Robin wrote to you", url="/inbox/1/", kind="message")


def test_two_about_the_same_thing_are_one_until_it_is_read(in_alpha, person):
    robin, kim = person("reception", name="Robin"), person("clinician", name="Kim")

    services.notify([robin, kim, robin], TOLD, at=NOW)
    later = services.Told(key="thread:1", text="Robin wrote again", url="/inbox/1/", kind="message")
    services.notify([kim], later, at=NOW + timedelta(minutes=1))

    assert [notice.text for notice in latest_notices(kim)] == ["Robin wrote again"]
    assert (count_unread(robin), count_unread(kim)) == (1, 1)
    services.mark_key_read("thread:1", actor=kim, at=NOW)
    services.notify([kim], TOLD, at=NOW + timedelta(minutes=2))
    assert [notice.read_at is None for notice in latest_notices(kim)] == [True, False]
    assert services.mark_all_read(actor=kim, at=NOW) == 1
    assert (count_unread(robin), count_unread(kim)) == (1, 0)


def test_a_browser_belongs_to_whoever_used_it_last(in_alpha, person, browser_keys):
    robin, kim = person("reception", name="Robin"), person("clinician", name="Kim")
    for who in (robin, kim):
        services.subscribe(
            actor=who, endpoint="https://push.example/1", device="Firefox", at=NOW,
            **browser_keys.keys,
        )  # fmt: skip

    assert PushSubscription.objects.get().user == kim
    assert services.unsubscribe(actor=robin, endpoint="https://push.example/1") == 0
    with pytest.raises(services.SubscriptionError):
        services.subscribe(
            actor=kim, endpoint="https://localhost:9/", device="", at=NOW, **browser_keys.keys
        )
    with pytest.raises(services.SubscriptionError):
        services.subscribe(
            actor=kim, endpoint="https://push.example/2", device="", at=NOW,
            public_key="x", auth_secret="y",
        )  # fmt: skip


@pytest.mark.usefixtures("committed")
def test_a_device_is_told_nothing_clinical_and_forgotten_when_it_has_left(
    alpha, push_service, browser_keys, monkeypatch, settings
):
    from accounts.models import User

    settings.PUSH_KEY = encoded(bytes(range(32)))
    monkeypatch.setattr(delivery, "send", partial(delivery.send, network=push_service.network))
    sent = []
    monkeypatch.setattr(tasks.push, "apply_async", lambda arguments, **_: sent.append(arguments))
    with tenant_scope(alpha):
        kim = User.objects.create(email="kim@x.example", name="Kim", role="clinician")
        PushSubscription.objects.create(
            user=kim, endpoint=push_service.endpoint, created_at=NOW, **browser_keys.keys
        )
        services.notify([kim], TOLD, at=NOW)

    for status in (201, 410):
        push_service.status = status
        tasks.push.apply(sent[0], headers={TENANT_HEADER: alpha.pk}, throw=True)

    said = browser_keys.open(push_service.seen[0][2]).decode()
    assert "You have a new message in Nexus" in said
    assert "Robin" not in said
    with tenant_scope(alpha):
        assert not PushSubscription.objects.exists()
        Notice.objects.update(read_at=NOW)
    tasks.push.apply(sent[0], headers={TENANT_HEADER: alpha.pk}, throw=True)
    assert len(push_service.seen) == 2
