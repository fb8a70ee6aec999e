"""Notes on templates of the library, and notes under supervision."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, InternalError, OperationalError, transaction
from django.utils import timezone

from clinical.notes import cosigning, library, services
from clinical.notes.models import Note, NoteReview, NoteTemplateVersion, Supervision
from clinical.notes.sections import Kind, Section
from clinical.notes.selectors import cosign_list, template_for, versions_of
from clinical.notes.services import NoteText

pytestmark = pytest.mark.django_db(databases=["default"])

NOW = timezone.now()
REFUSED = (IntegrityError, InternalError, OperationalError)
SECTIONS = (
    Section(key="s1", kind=Kind.TEXT, heading="Plan", is_required=True),
    Section(key="s2", kind=Kind.SCALE, heading="Pain"),
    Section(key="s3", kind=Kind.BODY, heading="Where"),
)
MARK = {"view": "front", "sign": "pain", "label": "", "points": [[0.395, 0.71]]}


@pytest.fixture
def owner(in_alpha, person):
    return person("owner")


@pytest.fixture
def student(in_alpha, person):
    return person("clinician", name="Sten")


@pytest.fixture
def template(owner):
    return library.add_template(actor=owner, name="Visit", purpose="", sections=SECTIONS)


def _answers(plan="Walk", pain="", marks=()) -> NoteText:
    return NoteText("", answers={"s1": plan, "s2": pain, "s3": list(marks)})


def _signed(template, patient, author, **answers) -> Note:
    note = services.start_note(patient, actor=author, at=NOW, template=template)
    return services.sign_note(note, actor=author, at=NOW, revision=0, text=_answers(**answers))


def test_a_changed_template_is_a_new_version_and_notes_keep_theirs(
    template, owner, student, patient
):
    note = services.start_note(patient(), actor=student, at=NOW, template=template)
    library.change_template(
        template, actor=owner, at=NOW, seen=1, name="Visit", purpose="x", is_active=True,
        sections=SECTIONS[:1],
    )  # fmt: skip

    note.refresh_from_db()
    assert (template.version, note.template_version.number) == (2, 1)
    assert services.asked_by(note) == SECTIONS
    with pytest.raises(library.TemplateChangedError):
        library.change_template(
            template, actor=owner, at=NOW, seen=1, name="Other", purpose="", is_active=True,
            sections=SECTIONS,
        )  # fmt: skip
    with pytest.raises(REFUSED), transaction.atomic():
        NoteTemplateVersion.objects.update(sections=[])
    with pytest.raises(PermissionDenied):
        library.add_template(actor=student, name="Mine", purpose="", sections=SECTIONS)


def test_a_type_of_visit_names_its_template(template, owner, patient, appointment):
    from clinical.practice.models import AppointmentType

    kind = AppointmentType.objects.create(name="Standard")
    visit = appointment(NOW, patient=patient(), appointment_type=kind)
    assert template_for(visit) is None

    library.set_defaults({kind: template}, actor=owner)
    assert template_for(visit) == template


def test_structured_answers_are_locked_with_their_versions(template, student, patient):
    note = _signed(template, patient(), student, pain="6", marks=[MARK])
    assert note.body == "Plan\nWalk\n\nPain\n6 of 10\n\nWhere\n1. Pain, right knee (front)"
    moved = [{**section, "value": 2} for section in note.sections]
    for change in ({"sections": moved}, {"template_version": None}):
        with pytest.raises(REFUSED), transaction.atomic():
            Note.objects.filter(pk=note.pk).update(**change)

    nearby = {**MARK, "points": [[0.4, 0.7]]}
    services.amend_note(
        note, actor=student, at=NOW, revision=1, reason="", text=_answers(pain="4", marks=[nearby])
    )

    changes = versions_of(note)[0].changes
    assert [change.heading for change in changes] == ["Pain", "Where"]
    assert "".join(piece.text for piece in changes[0].pieces if piece.change == "removed") == "6"
    assert changes[1].before.value == [MARK], "marks that moved within a region are a change too"


def test_what_must_be_written_is_named_before_signing(template, student, patient):
    with pytest.raises(services.UnfinishedNoteError, match="Plan"):
        _signed(template, patient(), student, plan=" ", pain="6")


def test_what_is_empty_is_copied_forward_from_the_last_note(template, student, patient):
    ada = patient()
    _signed(template, ada, student, plan="Swim", pain="6", marks=[MARK])
    note = services.start_note(ada, actor=student, at=NOW, template=template)

    services.copy_forward(note, actor=student, at=NOW, revision=0, text=_answers(plan="Walk"))
    note.refresh_from_db()
    assert [section.get("value", section["text"]) for section in note.sections] == [
        "Walk",
        6,
        [MARK],
    ]
    with pytest.raises(services.NothingToCopyError):
        services.copy_forward(
            note, actor=student, at=NOW, revision=1, text=_answers(pain="6", marks=[MARK])
        )


@pytest.fixture
def supervised(owner, student, person):
    """A student with a supervisor of their own, and a colleague who is not."""
    supervisor, colleague = person("clinician", name="Sue"), person("clinician", name="Cal")
    cosigning.supervise(student, actor=owner, reason="student", supervisor=supervisor)
    return student, supervisor, colleague


def test_a_note_under_supervision_is_returned_amended_and_cosigned(supervised, template, patient):
    student, supervisor, colleague = supervised
    note = _signed(template, patient(), student)
    assert [list(cosign_list(who)) for who in (supervisor, colleague, student)] == [[note], [], []]
    for nobody in (student, colleague):
        with pytest.raises(PermissionDenied):
            cosigning.cosign_note(note, actor=nobody, at=NOW, version=1)

    cosigning.return_note(note, actor=supervisor, at=NOW, version=1, comment="Which knee?")
    note.refresh_from_db()
    services.amend_note(
        note, actor=student, at=NOW, revision=1, reason="", text=_answers("Right knee: walk")
    )
    assert note.cosign == "waiting"
    with pytest.raises(cosigning.ReviewError, match="amended"):
        cosigning.cosign_note(note, actor=supervisor, at=NOW, version=1)
    cosigning.cosign_note(note, actor=supervisor, at=NOW, version=2)

    note.refresh_from_db()
    assert (note.cosign, note.cosigned_by) == ("done", "Sue")
    assert {(r.number, r.outcome) for r in note.reviews.all()} == {(1, "returned"), (2, "cosigned")}
    with pytest.raises(cosigning.ReviewError):
        cosigning.cosign_note(note, actor=supervisor, at=NOW, version=2)


def test_the_database_holds_the_co_sign(supervised, template, patient):
    student, supervisor, _ = supervised
    note = _signed(template, patient(), student)
    mine = Note.objects.filter(pk=note.pk)
    review = {"note": note, "number": 1, "outcome": "cosigned", "created_at": NOW}
    for change in ({"cosign": "done", "cosigned_by": "Sue", "cosigned_at": NOW}, {"cosign": ""}):
        with pytest.raises(REFUSED), transaction.atomic():
            mine.update(**change)
    with pytest.raises(REFUSED), transaction.atomic():
        NoteReview.objects.create(**review, reviewer=student, reviewer_name="Sten")

    cosigning.cosign_note(note, actor=supervisor, at=NOW, version=1)
    for change in ({"cosign": "waiting"}, {"cosigned_by": "Somebody"}):
        with pytest.raises(REFUSED), transaction.atomic():
            mine.update(**change)
    with pytest.raises(REFUSED), transaction.atomic():
        NoteReview.objects.update(comment="Other")


def test_nobody_is_their_own_supervisor_nor_supervised_by_who_is(supervised, owner):
    student, supervisor, colleague = supervised
    for who, by in ((colleague, colleague), (colleague, student)):
        with pytest.raises(cosigning.SupervisionError):
            cosigning.supervise(who, actor=owner, reason="student", supervisor=by)
    cosigning.supervise(student, actor=owner, reason="", supervisor=None)
    assert not Supervision.objects.exists()
    with pytest.raises(PermissionDenied):
        cosigning.supervise(student, actor=supervisor, reason="student", supervisor=None)


def test_a_note_with_a_chart_and_a_table_becomes_an_accessible_pdf(alpha, owner, student, patient):
    from clinical.notes.printing import note_pdf

    table = Section(key="s4", kind=Kind.TABLE, heading="Programme", lines=("What", "How often"))
    template = library.add_template(
        actor=owner, name="Visit", purpose="", sections=(*SECTIONS, table)
    )
    stroke = {**MARK, "points": [[0.1, 0.1], [0.2, 0.2]], "label": "<b>&"}
    answers = {
        "s1": "Walk",
        "s2": "0",
        "s3": [MARK, stroke],
        "s4": [["Squats", "daily"], ["#", ""]],
    }
    note = services.start_note(patient(), actor=student, at=NOW, template=template)
    services.save_draft(note, actor=student, at=NOW, revision=0, text=NoteText("", answers=answers))

    assert b"pdfuaid" in note_pdf(note, clinic=alpha)


def test_the_demo_gets_a_library_notes_and_some_that_wait_once(
    in_alpha, person, patient, appointment
):
    import random
    from datetime import timedelta

    from clinical.letters import demo as letters_demo
    from clinical.letters.models import Letter, LetterMail
    from clinical.notes import demo
    from clinical.practice.models import AppointmentType, Practitioner

    who = Practitioner.objects.create(name="Cal", user=person("clinician"))
    kind, ada = AppointmentType.objects.create(name="Initial assessment"), patient()
    for days in range(1, 7):
        appointment(
            NOW - timedelta(days=days), patient=ada, practitioner=who, appointment_type=kind,
            status="completed",
        )  # fmt: skip
    Letter.objects.create(patient=ada, body="x", state="sent")
    for _ in range(2):
        demo.fill(random.Random(1), NOW)
        letters_demo.fill(random.Random(1), NOW)

    assert (Note.objects.count(), Note.objects.filter(cosign="waiting").count()) == (6, 3)
    assert not Note.objects.filter(is_imported=True).exists()
    assert LetterMail.objects.get().state == "sent"
