from __future__ import annotations

from audit import services
from audit.functions import WITHHELD
from audit.models import Event
from audit.wording import Change, changes_of, label_of_column, word_action, word_object
from clinical.patients.models import Patient
from clinical.practice.models import Location


def _last() -> Event:
    return Event.objects.select_related("payload").order_by("-id")[0]


def test_a_change_reads_field_by_field_in_the_tables_order(in_alpha):
    place = Location.objects.create(name="North", phone="1")
    Location.objects.filter(pk=place.pk).update(phone="", name="South", is_active=False)

    assert changes_of(_last()) == [
        Change("Name", "North", "South"),
        Change("Phone", "1", "–"),
        Change("Is active", "yes", "no"),
    ]


def test_a_new_row_lists_what_it_holds_and_no_blanks(in_alpha):
    Location.objects.create(name="North")

    labels = [change.label for change in changes_of(_last()) or []]
    assert labels == ["Name", "Colour", "Is active"]


def test_an_erased_payload_reads_as_erased_and_an_absent_one_as_none(in_alpha):
    with_payload = services.record("export", object_type="page", payload={"rows": 3})
    without = services.record("view", object_type="page")
    services.erase_payload(with_payload, reason="asked for")

    assert changes_of(Event.objects.get(pk=with_payload)) is None
    assert changes_of(Event.objects.get(pk=without)) == []


def test_what_was_withheld_says_so(in_alpha):
    services.record(
        "update", object_type="x", payload={"before": {"pin": WITHHELD}, "after": {"pin": WITHHELD}}
    )

    assert changes_of(_last()) == [Change("Pin", "withheld", "withheld")]


def test_a_payload_of_any_other_shape_is_listed_not_an_error(in_alpha):
    for payload in ({"after": "text"}, {"before": 1, "after": 2}, {"long": "x" * 1000}):
        services.record("view", object_type="page", payload=payload)

        assert changes_of(_last())


def test_time_stamps_are_shortened_and_texts_left_alone(in_alpha):
    services.record(
        "view",
        object_type="page",
        payload={"at": "2026-11-21T02:03:04.567+00:00", "text": "2026-not a date T at all"},
    )

    shown = {change.label: change.after for change in changes_of(_last()) or []}
    assert shown == {"At": "2026-11-21 02:03:04 UTC", "Text": "2026-not a date T at all"}


def test_tables_actions_and_columns_have_names_for_people():
    assert word_object(Patient._meta.db_table) == "Patient"
    assert word_object("accounts:invite_list") == "Accounts invite list"
    assert word_action("role.changed").label == "Role: changed"
    assert label_of_column("no_such_table", "some_column") == "Some column"
