"""What names a patient is found by itself; what only looks as if it did is said to be something else."""

from __future__ import annotations

from clinical.rights.catalogue import read_catalogue
from clinical.rights.erasure import kept_tables
from clinical.rights.finding import rows_about, tables_about, undecided


def test_nothing_that_may_name_a_patient_is_left_undecided(in_alpha):
    assert undecided(read_catalogue()) == {}, (
        "say what becomes of these tables when a person is erased: clinical.rights.erasure.register"
    )


def test_a_table_that_is_made_tomorrow_is_found_tomorrow(in_alpha):
    tables = read_catalogue()
    told = tables["notes_noteversion"]
    told.links.clear()
    told.columns.update({"loose_id": tables["patients_patient"].columns["merged_into_id"]})

    assert undecided(tables).keys() == {"notes_noteversion"}


def test_what_is_said_of_tables_is_said_of_tables_there_are(in_alpha):
    tables = read_catalogue()

    assert set(kept_tables()) - set(tables) == set()


def test_rows_are_found_below_what_names_the_patient(in_alpha, patient, person):
    from django.utils import timezone

    from clinical.notes.models import Note, NoteVersion

    person("clinician")
    ada, ben = patient("Ada North"), patient("Ben South")
    note = Note.objects.create(patient=ada, author_name="x", noted_at=timezone.now())
    version = NoteVersion.objects.create(
        note=note, number=1, author_name="x", signed_at=timezone.now()
    )
    Note.objects.create(patient=ben, author_name="x", noted_at=timezone.now())

    found = rows_about([ada.pk])

    assert found == {
        "patients_patient": {str(ada.pk)},
        "notes_note": {str(note.pk)},
        "notes_noteversion": {str(version.pk)},
    } | {table: keys for table, keys in found.items() if table.startswith("mv_")}
    assert "threads_post" in tables_about(read_catalogue())
