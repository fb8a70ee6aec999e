"""The set-up is read from the clinic's rows; only what is left out is written."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from billing_integrations.invoices.models import BillingDetails, ItemForType, PriceItem
from clinical.messages.texting_models import Channel, MessageTemplate, ReminderRule
from clinical.notes.models import NoteTemplate, TemplateDefault
from clinical.practice.models import (
    AppointmentType,
    Location,
    LocationHours,
    Practitioner,
    RosterHours,
)
from connections.models import Connection
from onboarding.checklist import services
from onboarding.checklist.selectors import setup_of, wants_card
from onboarding.checklist.steps import STEPS
from onboarding.demo_data.models import DemoTable
from onboarding.imports.models import ImportRun, ImportSource

MORNING, EVENING = time(8), time(17)


@pytest.fixture
def owner(in_alpha):
    person = User.objects.create(email="owner@example.com", name="Dana Delta", role="owner")
    TOTPDevice.objects.create(user=person, confirmed=True)
    return person


def _done(clinic) -> list[str]:
    return [line.step.key for line in setup_of(clinic).lines if line.is_done]


def test_each_step_is_done_once_its_rows_are_there_and_open_again_without_them(in_alpha, owner):
    clinic = in_alpha
    assert _done(clinic) == ["two-factor"]
    assert setup_of(clinic).words == f"1 of {len(STEPS)} done"

    BillingDetails.objects.create(legal_name="Delta Pty Ltd", abn="51824753556")
    assert _done(clinic) == ["practice", "two-factor"]

    place = Location.objects.create(name="Here")
    assert "locations" not in _done(clinic)
    LocationHours.objects.create(location=place, weekday=0, opens=MORNING, closes=EVENING)
    assert "locations" in _done(clinic)
    Location.objects.create(name="There")
    assert "locations" not in _done(clinic), "every location needs its hours"
    Location.objects.filter(name="There").update(is_active=False)
    assert "locations" in _done(clinic)

    User.objects.create(
        email="b@example.com", name="Bo", role="reception", invited_at=datetime.now(UTC)
    )
    assert {"team", "two-factor"} <= set(_done(clinic)), "who is invited has no factor yet"

    kind = AppointmentType.objects.create(name="First visit")
    item = PriceItem.objects.create(code="F", name="First visit")
    ItemForType.objects.create(appointment_type=kind, item=item)
    assert "types" not in _done(clinic)
    template = NoteTemplate.objects.create(name="SOAP", changed_at=datetime.now(UTC))
    TemplateDefault.objects.create(appointment_type=kind, template=template)
    assert "types" in _done(clinic)

    somebody = Practitioner.objects.create(name="Ada Finch")
    assert "rosters" not in _done(clinic)
    RosterHours.objects.create(practitioner=somebody, weekday=0, starts=MORNING, ends=EVENING)
    assert "rosters" in _done(clinic)

    words = MessageTemplate.objects.create(name="Reminder", channel=Channel.SMS, body="See you")
    rule = ReminderRule.objects.create(template=words)
    assert "reminders" not in _done(clinic)
    rule.is_on, rule.on_since = True, datetime.now(UTC)
    rule.save()
    assert "reminders" in _done(clinic)

    clinic.went_live_at = datetime(2026, 12, 1, tzinfo=UTC)
    assert "go-live" in _done(clinic)
    assert [line.step.key for line in setup_of(clinic).lines if line.is_open] == [
        "integrations", "import",
    ]  # fmt: skip
    assert setup_of(clinic).next_line.step.key == "integrations"


def test_rows_of_the_demo_data_set_nothing_up(in_alpha, owner):
    place = Location.objects.create(name="Invented")
    LocationHours.objects.create(location=place, weekday=0, opens=MORNING, closes=EVENING)
    assert "locations" in _done(in_alpha)

    DemoTable.objects.create(table="practice_location", keys=[str(place.pk)])

    assert "locations" not in _done(in_alpha)


def test_a_step_left_out_does_not_count_until_it_is_taken_up_or_done(in_alpha, owner):
    services.put_aside("import", actor=owner)
    services.put_aside("import", actor=owner)
    assert setup_of(in_alpha).words == f"1 of {len(STEPS) - 1} done"
    assert [line.step.key for line in setup_of(in_alpha).lines if line.is_skipped] == ["import"]

    services.take_up("import", actor=owner)

    assert setup_of(in_alpha).words == f"1 of {len(STEPS)} done"
    for step in STEPS:
        services.put_aside(step.key, actor=owner)
    assert setup_of(in_alpha).is_finished
    with pytest.raises(services.NoSuchStepError):
        services.put_aside("no-such-step", actor=owner)


def test_an_import_counts_once_loaded_and_no_more_when_undone(in_alpha, owner):
    source = ImportSource.objects.create(file_name="Practice.fmp12", size=1)
    run = ImportRun.objects.create(source=source, loaded_at=datetime.now(UTC))
    assert "import" in _done(in_alpha)

    run.undone_at = datetime.now(UTC)
    run.save()

    assert "import" not in _done(in_alpha)


def test_a_connection_counts_while_it_is_in_use(in_alpha, owner):
    Connection.objects.create(provider="xero", state=Connection.State.LIVE)

    assert "integrations" in _done(in_alpha)


def test_the_card_goes_when_it_is_dismissed_and_the_page_stays(alpha, sign_in):
    owner, desk = sign_in(alpha, "owner"), sign_in(alpha, "reception")

    assert "Set up your clinic" in owner.get("/settings/setup/card/").text
    assert "/settings/setup/card/" in owner.get("/appointments/diary/", follow=True).text
    assert "/settings/setup/card/" not in desk.get("/appointments/diary/", follow=True).text
    assert desk.get("/settings/setup/").status_code == 403
    owner.post("/settings/setup/card/dismiss/")

    assert owner.get("/settings/setup/card/").text == ""
    assert "First day" in owner.get("/settings/setup/").text


def test_every_page_a_step_leads_to_is_there_and_the_questions_are_few(
    alpha, sign_in, django_assert_max_num_queries
):
    from tenants.scope import tenant_scope

    owner = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        for number in range(30):
            Location.objects.create(name=f"Place {number}")
            Practitioner.objects.create(name=f"Person {number}")
            AppointmentType.objects.create(name=f"Type {number}")
        assert wants_card()
    with django_assert_max_num_queries(40):
        page = owner.get("/settings/setup/")

    addresses = {part.split('"')[0] for part in page.text.split('class="btn btn-sm')[1:]}
    assert addresses
    import re

    for url in re.findall(r'class="btn btn-sm[^"]*" href="([^"]+)"', page.text):
        assert owner.get(url).status_code == 200, url


def test_openings_and_former_staff_are_written_by_their_pages(alpha, sign_in):
    from tenants.scope import tenant_scope

    owner = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        place = Location.objects.create(name="Here")
    url = f"/settings/practice/locations/{place.pk}/hours/"
    form = {
        "hours-TOTAL_FORMS": "2", "hours-INITIAL_FORMS": "0",
        "hours-0-weekday": "0", "hours-0-opens": "08:00", "hours-0-closes": "17:30",
        "hours-1-weekday": "1", "hours-1-opens": "12:00", "hours-1-closes": "09:00",
    }  # fmt: skip
    wrong = owner.post(url, form)
    saved = owner.post(url, form | {"hours-1-closes": "18:00"})
    named = owner.post(
        "/settings/practice/clinicians/former/",
        {"names": "Ada Finch, Podiatry\n\n  Bo   Lark \nada finch"},
    )

    assert (wrong.status_code, saved.status_code, named.status_code) == (422, 302, 302)
    with tenant_scope(alpha):
        assert [str(span) for span in place.hours.all()] == [
            "Monday 08:00–17:30",
            "Tuesday 12:00–18:00",
        ]
        assert list(Practitioner.objects.values_list("name", "discipline", "is_active")) == [
            ("Bo Lark", "", False),
            ("ada finch", "", False),
        ]
