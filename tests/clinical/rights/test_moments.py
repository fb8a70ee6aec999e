"""The state at a moment is what was read at that moment, whatever was done since."""

from __future__ import annotations

import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from audit import coverage
from audit import services as audit
from audit.models import Event
from clinical.notes.models import Note, NoteVersion
from clinical.patients.merging import merge_patients, unmerge_patients
from clinical.patients.models import Address, ContactPoint, Patient
from clinical.rights.catalogue import read_catalogue
from clinical.rights.moments import covered_tables, shown_at, state_at
from clinical.rights.presenting import read_rows


def moment():
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def read_now(patient):
    """Read the record table by table, as anybody would."""
    tables = read_catalogue()
    found = {}
    for name, columns in covered_tables(tables).items():
        mine = [column for column, above in columns if above == "patients_patient"]
        if name == "patients_patient":
            where, values = "id = %s", [patient.pk]
        elif mine:
            where = " OR ".join(f'"{column}" = %s' for column in mine)
            values = [patient.pk] * len(mine)
        elif name == "notes_noteversion":
            where = "note_id IN (SELECT id FROM notes_note WHERE patient_id = %s)"
            values = [patient.pk]
        else:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT id::text FROM "{name}" WHERE {where}', values)
            keys = [key for (key,) in cursor.fetchall()]
        if keys:
            rows = read_rows(tables, {name: keys})[name]
            found[name] = {key: _told(name, row) for key, row in rows.items()}
    return found


def rows_of(state):
    return {
        name: {key: _told(name, image.row) for key, image in images.items()}
        for name, images in state.items()
    }


def _told(table, row):
    """Leave out what the trail never holds."""
    return {
        column: value
        for column, value in row.items()
        if column not in coverage.rule_of(table).withheld
    }


def _edit(chance, patient, other):
    """Do one thing to the record, or to its neighbour, by any road there is."""
    points = list(ContactPoint.objects.filter(patient__in=[patient, other]))
    notes = list(Note.objects.filter(patient=patient))
    what = chance.randrange(9)
    text = f"text {chance.randrange(1000)}"
    if what == 0:
        ContactPoint.objects.create(
            patient=chance.choice([patient, other]), kind="home", value=text
        )
    elif what == 1 and points:
        chance.choice(points).delete()
    elif what == 2 and points:
        ContactPoint.objects.filter(pk=chance.choice(points).pk).update(
            value=text, patient=chance.choice([patient, other])
        )
    elif what == 3:
        Patient.everyone.filter(pk=patient.pk).update(
            notes=text, extra={text: text}, date_of_birth=timezone.localdate()
        )
    elif what == 4:
        note = Note.objects.create(patient=patient, author_name=text, noted_at=timezone.now())
        NoteVersion.objects.create(
            note=note, number=1, author_name=text, signed_at=timezone.now(), sections=[{"a": text}]
        )
    elif what == 5 and notes:
        note = chance.choice(notes)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM notes_noteversion WHERE note_id = %s", [note.pk])
            cursor.execute("DELETE FROM notes_note WHERE id = %s", [note.pk])
    elif what == 6 and notes:
        Note.objects.filter(pk=chance.choice(notes).pk).update(title=text)
    elif what == 7:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE patients_contactpoint SET label = label || %s WHERE patient_id = %s",
                [text, patient.pk],
            )
    else:
        Address.objects.create(patient=patient, lines=text)


def _bare(found):
    """Leave out what a table without a row says: nothing."""
    return {name: rows for name, rows in found.items() if rows}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_state_at_a_moment_is_what_was_read_then(seed, in_alpha, patient):
    chance = random.Random(seed)
    ada, ben = patient("Ada North"), patient("Ben South")
    read = []
    for step in range(28):
        _edit(chance, ada, ben)
        if step % 7 == 0:
            read.append((moment(), _bare(read_now(ada)), _bare(read_now(ben))))

    for at, of_ada, of_ben in read:
        assert rows_of(state_at(ada.pk, at)) == of_ada
        assert rows_of(state_at(ben.pk, at)) == of_ben


def test_a_merge_and_its_undoing_change_nothing_of_what_was(in_alpha, patient, person):
    actor = person("owner")
    ada, twin = (
        patient("Ada North", phone="0400 111 222"),
        patient("Ada North", phone="0400 333 444"),
    )
    before, was = moment(), (_bare(read_now(ada)), _bare(read_now(twin)))
    merge = merge_patients(ada, twin, actor=actor, at=timezone.now())
    merged, one = moment(), _bare(read_now(ada))
    ContactPoint.objects.filter(value="0400 333 444").update(label="hers")
    unmerge_patients(merge, actor=actor, at=timezone.now())

    assert rows_of(state_at(ada.pk, before)) == was[0]
    assert rows_of(state_at(twin.pk, before)) == was[1]
    state = rows_of(state_at(ada.pk, merged))
    assert {name: one[name] for name in state} == state
    assert len(state["patients_contactpoint"]) == 2


def test_before_it_was_made_there_was_nothing(in_alpha, patient):
    before = moment()
    ada = patient("Ada North", phone="0400 111 222")

    assert state_at(ada.pk, before) == {}


def test_what_has_been_erased_says_so(in_alpha, patient):
    ada = patient("Ada North", phone="0400 111 222")
    at = moment()
    point = ContactPoint.objects.get(patient=ada)
    point.delete()
    event = Event.objects.get(action="delete", object_type="patients_contactpoint")
    audit.erase_payload(event.pk, reason="asked")

    images = state_at(ada.pk, at)["patients_contactpoint"]

    assert [image.is_erased for image in images.values()] == [True]
    marks = [row.mark for section in shown_at(ada.pk, at) for row in section.rows]
    assert "erased" in marks


def test_the_page_costs_the_same_for_a_long_record(alpha, sign_in):
    from django.test.utils import CaptureQueriesContext

    from tenants.scope import tenant_scope

    owner, counts = sign_in(alpha, "owner"), []
    with tenant_scope(alpha):
        ada = Patient.objects.create(given_names="Ada", family_name="North")
    for rows in (1, 1, 30):
        with tenant_scope(alpha):
            for _ in range(rows):
                ContactPoint.objects.create(patient=ada, kind="home", value="x").delete()
                note = Note.objects.create(patient=ada, author_name="x", noted_at=timezone.now())
                NoteVersion.objects.create(
                    note=note, number=1, author_name="x", signed_at=timezone.now()
                )
        with CaptureQueriesContext(connection) as asked:
            page = owner.get(
                f"/patients/{ada.pk}/as-it-was/", {"date": "2026-01-01", "time": "10:00"}
            )
        assert page.status_code == 200
        counts.append(len(asked))
    assert counts[1] == counts[2] <= 40  # the first fills caches


def test_the_page_shows_what_differs_from_now(alpha, sign_in):
    from tenants.scope import tenant_scope

    owner = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        ada = Patient.objects.create(given_names="Ada", family_name="North", notes="Before")
        at = moment().astimezone(ZoneInfo(alpha.time_zone))
        Patient.objects.filter(pk=ada.pk).update(notes="Afterwards")
    until = at + timedelta(seconds=1)

    page = owner.get(
        f"/patients/{ada.pk}/as-it-was/", {"date": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M:%S.%f}"}
    )

    assert page.status_code == 200
    assert "Before" in page.text
    assert "Afterwards" in page.text
    assert "Changed since" in page.text
    ahead = owner.get(
        f"/patients/{ada.pk}/as-it-was/",
        {"date": f"{until.replace(year=until.year + 1):%Y-%m-%d}", "time": "10:00"},
    )
    assert "not come yet" in ahead.text
