"""The pages about notes: a patient's list, one note, the editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.appointments.selectors import visible_appointments
from clinical.notes import editing, rules, selectors, services
from clinical.notes.body_chart import REGIONS, SIGNS
from clinical.notes.forms import EditorForm
from clinical.notes.printing import note_pdf
from clinical.notes.sections import Kind
from clinical.notes.structures import STRUCTURES
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from clinical.practice.selectors import practitioner_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clinical.appointments.models import Appointment
    from clinical.notes.models import Note, NoteReview, NoteTemplate
    from clinical.notes.sections import Section
    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

TAB = "notes:list"


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def note_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """List a patient's notes, newest first, in pages."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="notes")
    page = selectors.notes_of(request.user, patient, after=_edge(request))
    context = {
        "page": page,
        **_choices(request, patient),
        "is_first": _edge(request) is None,
        "older_url": _older_url(patient.pk, page.after),
    }
    return record_page(request, patient, "notes/list.html", context, tab=TAB)


@require_POST
@requires(Action.CREATE, Resource.NOTES)
def new(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Begin a draft and open it."""
    patient = get_patient(request.user, pk)
    visit = _visit(request, patient)
    structure = request.POST.get("structure", "")
    template = _template(request) or (None if structure else selectors.template_for(visit))
    note = services.start_note(
        patient,
        actor=request.user,
        structure=structure if structure in STRUCTURES else "blank",
        template=template,
        appointment=visit,
        at=timezone.now(),
    )
    return redirect("notes:edit", pk=note.pk)


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    note = selectors.get_note(request.user, pk)
    if rules.may_write(request.user, note):
        return redirect("notes:edit", pk=note.pk)
    services.record_reading(note)
    context = {
        "note": note,
        "sections": editing.shown_sections(note.sections, services.asked_by(note)),
        "extra": sorted(note.extra.items()),
        "versions": selectors.versions_of(note),
        "reviews": note.reviews.all(),
        "may_amend": rules.may_amend(request.user, note),
        "may_cosign": rules.may_cosign(request.user, note),
    }
    return record_page(request, note.patient, "notes/detail.html", context, tab=TAB)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.NOTES)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write a draft. The page saves by itself and is answered in JSON then."""
    note = selectors.get_note(request.user, pk)
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    if request.method == "POST":
        form = EditorForm(request.POST, services.asked_by(note))
        try:
            form.check()
            services.save_draft(
                note,
                actor=request.user,
                at=timezone.now(),
                revision=form.cleaned_data["revision"],
                text=form.written(),
            )
        except services.NoteError as error:
            if wants_json:
                return _refusal(note, error)
            return _editor(request, note, form=form, error=error)
        if wants_json:
            saved = timezone.localtime(note.changed_at)
            return JsonResponse({"revision": note.revision, "saved": f"{saved:%H:%M}"})
        messages.success(request, "The draft is saved.")
        return redirect(TAB, pk=note.patient_id)
    if not rules.may_write(request.user, note):
        return redirect("notes:detail", pk=note.pk)
    return _editor(request, note)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def sign(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Save what is in the editor and lock it."""
    note = selectors.get_note(request.user, pk)
    form = EditorForm(request.POST, services.asked_by(note))
    try:
        form.check()
        services.sign_note(
            note,
            actor=request.user,
            at=timezone.now(),
            revision=form.cleaned_data["revision"],
            text=form.written(),
        )
    except services.NoteSignedError as error:
        messages.info(request, str(error))
    except services.NoteError as error:
        return _editor(request, note, form=form, error=error)
    else:
        waits = " It waits for a co-sign now." if note.cosign else ""
        messages.success(request, f"The note is signed.{waits}")
    return redirect("notes:detail", pk=note.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.NOTES)
def amend(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write another version of a signed note."""
    note = selectors.get_note(request.user, pk)
    if note.is_draft:
        return redirect("notes:edit", pk=note.pk)
    if request.method != "POST":
        return _editor(request, note)
    form = EditorForm(request.POST, services.asked_by(note))
    try:
        form.check()
        services.amend_note(
            note,
            actor=request.user,
            at=timezone.now(),
            revision=form.cleaned_data["revision"],
            text=form.written(),
            reason=form.cleaned_data["reason"],
        )
    except services.NoteError as error:
        return _editor(request, note, form=form, error=error)
    messages.success(request, "The note is amended. The text before it is kept.")
    return redirect("notes:detail", pk=note.pk)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def discard(request: SignedInRequest, pk: UUID) -> HttpResponse:
    note = selectors.get_note(request.user, pk)
    try:
        services.discard_draft(note, actor=request.user)
    except services.NoteError as error:
        messages.error(request, str(error))
        return redirect("notes:detail", pk=note.pk)
    messages.success(request, "The draft is discarded.")
    return redirect(TAB, pk=note.patient_id)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def copy_forward(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Save what is in the editor, and fill its empty sections from the last note."""
    note = selectors.get_note(request.user, pk)
    form = EditorForm(request.POST, services.asked_by(note))
    try:
        form.check()
        last = services.copy_forward(
            note,
            actor=request.user,
            at=timezone.now(),
            revision=form.cleaned_data["revision"],
            text=form.written(),
        )
    except services.NothingToCopyError as error:
        messages.info(request, str(error))
    except services.NoteError as error:
        return _editor(request, note, form=form, error=error)
    else:
        day = timezone.localtime(last.noted_at)
        messages.warning(
            request, f"Copied from the note of {day:%-d %B %Y}: check each section before you sign."
        )
    return redirect("notes:edit", pk=note.pk)


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def pdf(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer the note as a PDF. Its file name holds no person's name."""
    note = selectors.get_note(request.user, pk)
    services.record_reading(note, "export")
    return HttpResponse(
        note_pdf(note, clinic=request.tenant),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="note-{note.noted_at:%Y-%m-%d}.pdf"'},
    )


def _choices(request: SignedInRequest, patient: Patient) -> dict[str, Any]:
    """Answer what a new note can start as; what fits today's visit first."""
    templates = list(selectors.templates_in_use())
    visit = services.visit_of_today(patient, practitioner_of(request.user), timezone.now())
    simple = STRUCTURES.values() if not templates else [STRUCTURES["blank"]]
    return {
        "templates": templates,
        "structures": simple,
        "suggested": selectors.template_for(visit),
    }


def _visit(request: SignedInRequest, patient: Patient) -> Appointment | None:
    """Answer the visit the note is about, where the page names one of this patient's."""
    try:
        pk = UUID(request.POST.get("appointment", ""))
    except ValueError:
        return services.visit_of_today(patient, practitioner_of(request.user), timezone.now())
    return visible_appointments(request.user).filter(pk=pk, patient=patient).first()


def _template(request: SignedInRequest) -> NoteTemplate | None:
    try:
        pk = UUID(request.POST.get("template", ""))
    except ValueError:
        return None
    return selectors.templates_in_use().filter(pk=pk).first()


def _editor(
    request: SignedInRequest,
    note: Note,
    *,
    form: EditorForm | None = None,
    error: services.NoteError | None = None,
) -> HttpResponse:
    """Show the editor with what was typed; after a conflict, with what is saved beside it."""
    is_conflict = isinstance(error, services.NoteChangedError)
    current = selectors.get_note(request.user, note.pk) if error else note
    asked = services.asked_by(note)
    if asked:
        sections: Any = []
        fields = (
            editing.fields_typed(asked, form.answers())
            if form
            else editing.fields_for(asked, note.sections)
        )
    else:
        sections = form.sections() if form else note.sections or _as_one(note)
        fields = []
    context: dict[str, Any] = {
        "note": current,
        "sections": sections,
        "fields": fields,
        "hints": _hints(note),
        "last": services.last_like(note, request.user) if note.is_draft else None,
        "returned": _returned(note),
        "chart": {"regions": REGIONS, "signs": SIGNS} if _has_chart(asked) else None,
        "title": form.data.get("title", "") if form else note.title,
        "reason": form.data.get("reason", "") if form else "",
        "error": error,
        "is_conflict": is_conflict,
        "is_amendment": not note.is_draft,
    }
    status = 409 if is_conflict else 422 if error else 200
    page = "notes/edit.html"
    return record_page(request, note.patient, page, context, tab=TAB, status=status)


def _has_chart(asked: Sequence[Section]) -> bool:
    return any(section.kind is Kind.BODY for section in asked)


def _returned(note: Note) -> NoteReview | None:
    """Answer what the supervisor said to a note that came back."""
    return note.reviews.first() if note.cosign == note.Cosign.RETURNED else None


def _hints(note: Note) -> dict[str, str]:
    structure = next((one for one in STRUCTURES.values() if one.kind == note.kind), None)
    return {one.heading: one.hint for one in structure.sections} if structure else {}


def _as_one(note: Note) -> list[dict[str, str]]:
    return [{"heading": "", "text": note.body}]


def _refusal(note: Note, error: services.NoteError) -> JsonResponse:
    """Say why the page's own saving did not work, and what is saved."""
    if not isinstance(error, services.NoteChangedError):
        status = 423 if isinstance(error, services.NoteSignedError) else 422
        return JsonResponse({"detail": str(error)}, status=status)
    note.refresh_from_db()
    answer = {"detail": str(error), "revision": note.revision, "body": note.body}
    return JsonResponse(answer, status=409)


def _edge(request: SignedInRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("after", ""))
    except ValueError:
        return None


def _older_url(patient_id: UUID, after: UUID | None) -> str:
    return reverse(TAB, kwargs={"pk": patient_id}, query={"after": str(after)}) if after else ""
