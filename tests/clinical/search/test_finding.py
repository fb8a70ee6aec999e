"""What is found in notes and letters, by whom, and how it is shown."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.letters.models import Letter
from clinical.notes.models import Note
from clinical.search.finding import marked, search_texts
from tenants.scope import Actor, tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

NOW = timezone.now()


def _note(patient, body, **more):
    fields = {"noted_at": NOW, "state": "signed", **more}
    return Note.objects.create(patient=patient, body=body, **fields)


def _titles(text, actor, **more) -> list[str]:
    return [one.title for one in search_texts(text, actor=actor, **more).found]


def test_words_are_found_in_any_form_and_the_last_by_its_beginning(in_alpha, person, patient):
    reader, ada, bo = person("clinician"), patient(), patient("Bo Low")
    _note(ada, "Both knees swell after stairs", title="One")
    _note(bo, "Shoulder, nothing about the other joint", title="Two")
    Letter.objects.create(patient=ada, subject="Three", body="The knee is better")

    assert _titles("knee", reader) == ["One", "Three"]
    assert _titles("swelling stai", reader) == ["One"]
    assert _titles('"other joint"', reader) == ["Two"]
    assert _titles("knee -stairs", reader) == ["Three"]
    assert sorted(_titles("knee or shoulder", reader, only="notes")) == ["One", "Two"]
    assert _titles("shoulder", reader, patient=ada) == []
    assert _titles("three", reader) == ["Three"], "the title counts too"


def test_whatever_is_typed_is_safe(in_alpha, person, patient):
    reader = person("clinician")
    _note(patient(), "Plain")
    for typed in (
        "",
        " ",
        "\x00",
        "'; --",
        "&|!():*<->",
        '"',
        "a" * 5000,
        "the",
        "\\",
        "%s",
        "x\ue000y",
    ):
        assert _titles(typed, reader) == []


def test_what_is_shown_is_escaped():
    assert marked("a <b> \ue000<i>\ue001 & c") == "a &lt;b&gt; <mark>&lt;i&gt;</mark> &amp; c"


def test_a_text_longer_than_a_vector_holds_is_kept(in_alpha, person, patient):
    words = " ".join(f"w{number}é" for number in range(150_000))
    _note(patient(), f"first {words}", title="Long")

    assert _titles("first", person("clinician")) == ["Long"]


def test_each_finds_only_what_they_may_read(alpha, beta, person, patient):
    from clinical.patients.models import CoordinatorAssignment

    with tenant_scope(alpha):
        people = {role: person(role) for role in ("owner", "clinician", "reception", "coordinator")}
        ada = patient()
        CoordinatorAssignment.objects.create(user=people["coordinator"], patient=ada)
        _note(ada, "hidden word", title="Signed")
        _note(ada, "hidden word", title="Draft", state="draft", author=people["clinician"])
        Letter.objects.create(patient=ada, subject="Letter", body="hidden word")
    expected = {
        "owner": ["Signed", "Letter"],
        "clinician": ["Draft", "Signed", "Letter"],
        "reception": ["Letter"],
        "coordinator": [],
    }
    for role, titles in expected.items():
        somebody = people[role]
        with tenant_scope(alpha, actor=Actor(str(somebody.pk), somebody.name)):
            assert sorted(_titles("hidden", somebody)) == sorted(titles), role
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM search_notes_note('hidden', '', NULL, 50)")
                reads = role in {"owner", "clinician"}
                assert (cursor.fetchone()[0] > 0) is reads, role
    with tenant_scope(beta):
        assert _titles("hidden", person("owner")) == []
        call = f"SELECT {alpha.schema_name}.search_notes_note('hidden', '', NULL, 50)"
        with pytest.raises(Exception, match="another scope"), transaction.atomic():
            connection.cursor().execute(call)


def test_a_search_and_what_it_showed_are_on_record_what_was_typed_is_not(in_alpha, person, patient):
    from audit.models import Event

    note = _note(patient(), "rare")
    search_texts("rare", actor=person("clinician"))

    event = Event.objects.filter(action="search").latest("id")
    assert str(note.pk) in event.payload.body
    assert "rare" not in event.payload.body


def test_the_pages_answer_under_a_steady_number_of_queries(alpha, sign_in, patient):
    clinician = sign_in(alpha, "clinician")
    with tenant_scope(alpha):
        ada = patient()
        _note(ada, "word", title="Zero")

    def ask() -> tuple[str, int]:
        with CaptureQueriesContext(connection) as captured:
            page = clinician.post("/search/notes/", {"q": "word"})
            part = clinician.post(f"/patients/{ada.pk}/search/", {"q": "word", "only": "notes"})
        assert "<mark>word</mark>" in page.text
        return part.text, len(captured)

    ask()
    _, alone = ask()
    with tenant_scope(alpha):
        for number in range(30):
            _note(ada, "word", title=f"Number {number}")
    text, many = ask()
    assert "Number 7" in text
    assert many == alone
    assert sign_in(alpha, "billing").post("/search/notes/", {"q": "word"}).status_code == 403
