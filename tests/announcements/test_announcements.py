"""What operators tell clinics: whom it reaches, when, and that it can be put away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from tenants.scope import platform_scope, public_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")


def test_an_announcement_reaches_whom_it_is_for_and_goes_when_it_is_put_away(alpha, beta, sign_in):
    now = timezone.now()
    wording = {
        "kind": "maintenance", "title": "Work tonight", "text": "Save your notes.",
        "shown_from": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "shown_until": f"{now + timedelta(hours=9):%Y-%m-%dT%H:%M}",
        "window_begins": f"{now + timedelta(hours=6):%Y-%m-%dT%H:%M}",
        "window_ends": f"{now + timedelta(hours=8):%Y-%m-%dT%H:%M}",
        "is_dismissible": "on", "clinics": "alpha",
    }  # fmt: skip
    operator, owner = sign_in(None, "operator"), sign_in(alpha, "owner")

    def new_look():
        for clinic in (alpha, beta):
            with tenant_scope(clinic):
                cache.delete("announcements.now")

    for wrong in (
        {"clinics": "gamma"},
        {"shown_until": wording["shown_from"]},
        {"is_public": "on"},
    ):
        assert operator.post("/announcements/new/", {**wording, **wrong}).status_code == 422, wrong
    assert operator.post("/announcements/new/", wording).status_code == 302
    new_look()

    page = owner.get("/account/").text
    assert "Work tonight" in page
    assert "Save your notes." in page
    assert "Work tonight" not in sign_in(beta, "owner").get("/account/").text
    dismiss = page.split('action="/announcements/')[1].split('"')[0]
    owner.post(f"/announcements/{dismiss}")
    assert "Work tonight" not in owner.get("/account/").text
    from announcements.models import Announcement

    with platform_scope():
        pk = Announcement.objects.get().pk
    assert "Work tonight" in operator.get("/announcements/").text
    operator.post(f"/announcements/{pk}/withdraw/")
    new_look()
    assert "Work tonight" not in sign_in(alpha, "admin").get("/account/").text


def test_the_public_page_says_what_holds_and_what_is_to_come_and_nothing_of_one_clinic(alpha):
    from announcements.models import Announcement
    from announcements.selectors import public_announcements

    now = timezone.now()
    hour = timedelta(hours=1)

    def say(title: str, begins: timedelta, **more) -> None:
        Announcement.objects.create(
            title=title, shown_from=now + begins, shown_until=now + begins + 4 * hour,
            made_by="o@ops.example", **{"is_public": True, **more},
        )  # fmt: skip

    with platform_scope():
        say("Now", -hour)
        say("Tomorrow", 24 * hour, kind="maintenance")
        say("Not yet", 24 * hour)
        say("Over", -9 * hour)
        say("For one", -hour, is_public=False, tenant_ids=[alpha.pk])
        say("Withdrawn", -hour, withdrawn_at=now)

    with public_scope():
        assert [one.title for one in public_announcements(now=now)] == ["Now", "Tomorrow"]
