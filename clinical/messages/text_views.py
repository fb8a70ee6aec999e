"""Conversations with telephones, and the box in which staff write to a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, allows, requires
from clinical.messages import conversing, fields, opting, sending, texting
from clinical.messages.forms import LinkForm, ListForm, TextForm, WordsForm
from clinical.messages.models import MessageTemplate
from clinical.messages.quiet import current_text_settings, quiet_until
from clinical.patients.filters import PatientFilter
from clinical.patients.selectors import get_patient, search_patients
from clinical.patients.services import record_view
from ports.segments import count, normalise
from tenants.running import running_clinic

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.messages.models import Conversation
    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

TAB = "clinic_messages:list"


@require_safe
@requires(Action.VIEW, Resource.MESSAGES)
def inbox(request: SignedInRequest) -> HttpResponse:
    """List the conversations, the latest first."""
    chosen = ListForm(request.GET).asked()["talk"]
    open_ = (
        texting.visible_conversations(request.user).filter(pk=chosen).first() if chosen else None
    )
    is_part = request.headers.get("HX-Target") == "ms-list"
    context = {**_listed(request), "conversation": open_ if is_part else None}
    return render(request, "messages/_talks.html" if is_part else "messages/inbox.html", context)


@require_safe
@requires(Action.VIEW, Resource.MESSAGES)
def conversation(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show what went to and fro with one number; it is read then by whoever may answer."""
    talk = texting.get_conversation(request.user, pk)
    if talk.patient is not None:
        record_view(talk.patient, section="texts")
    is_looking = "X-Nexus-Background" not in request.headers
    if talk.unread and is_looking and allows(request.user, Action.CREATE, Resource.MESSAGES):
        conversing.mark_read(talk)
        talk.unread = 0
    return _talk_page(request, talk)


@require_POST
@requires(Action.CREATE, Resource.MESSAGES)
def reply(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write to a number."""
    talk = texting.get_conversation(request.user, pk)
    form = TextForm(request.POST)
    if form.is_valid() and _sent(request, form, talk.patient, number=talk.number):
        return redirect("clinic_messages:conversation", pk=talk.pk)
    return _talk_page(request, talk, form=form)


@require_POST
@requires(Action.CREATE, Resource.MESSAGES)
def send(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Text a patient from their record."""
    from clinical.messages.views import conversation_page

    patient = get_patient(request.user, pk)
    form = TextForm(request.POST)
    if form.is_valid() and _sent(request, form, patient):
        return redirect(TAB, pk=patient.pk)
    return conversation_page(request, patient, form=form)


@require_POST
@requires(Action.CREATE, Resource.MESSAGES)
def step(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Put a conversation away, take it up again, or mark it unread."""
    talk = texting.get_conversation(request.user, pk)
    action = request.POST.get("action", "")
    if action == "unread":
        conversing.mark_unread(talk, actor=request.user)
    elif action in {"done", "reopen"}:
        conversing.set_done(talk, actor=request.user, is_done=action == "done")
    else:
        raise Http404
    if action == "reopen":
        return redirect("clinic_messages:conversation", pk=talk.pk)
    messages.success(request, "Put away." if action == "done" else "Marked as unread.")
    return redirect("clinic_messages:inbox")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.MESSAGES)
def link(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Say whose number it is. A search posts, as names must not stand in addresses."""
    talk = texting.get_conversation(request.user, pk)
    form = LinkForm(request.POST if request.method == "POST" else None)
    said = form.cleaned_data if form.is_valid() else {}
    if said.get("patient"):
        patient = get_patient(request.user, said["patient"])
        conversing.link_patient(talk, patient, actor=request.user)
        messages.success(request, f"These texts are {patient.full_name}'s now.")
        return redirect("clinic_messages:conversation", pk=talk.pk)
    words = said.get("words", "").strip()
    context = {
        "conversation": talk,
        "words": words,
        "found": _search(request, words) if words else [],
        "people": texting.people_at(talk.number),
    }
    return render(request, "messages/link.html", context)


@require_POST
@requires(Action.CHANGE, Resource.MESSAGES)
def opt_out(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write down that a patient wants no texts, or wants them again."""
    patient = get_patient(request.user, pk)
    number = texting.desk_of(patient, now=timezone.now()).number
    if not number:
        raise Http404
    is_out = request.POST.get("action") == "stop"
    opting.set_opt_out(
        number,
        actor=request.user,
        at=timezone.now(),
        is_out=is_out,
        note=request.POST.get("note", "")[:200],
    )
    said = "No texts go to this number any more." if is_out else "Texts go to this number again."
    messages.success(request, said)
    return redirect(TAB, pk=patient.pk)


@require_POST
@requires(Action.CREATE, Resource.MESSAGES)
def counted(request: SignedInRequest) -> HttpResponse:
    """Answer how many texts come of what is being written."""
    body = request.POST.get("body", "")[:2000]
    plain = normalise(body.strip())
    context = {"count": count(plain), "is_changed": plain != body.strip().replace("\r\n", "\n")}
    return render(request, "messages/_count.html", context)


@require_POST
@requires(Action.CREATE, Resource.MESSAGES)
def words(request: SignedInRequest) -> HttpResponse:
    """Answer the box with a template's words in it, filled in for the patient and their next visit."""
    form = WordsForm(request.POST)
    if not form.is_valid():
        raise Http404
    given = form.cleaned_data["patient"]
    template = get_object_or_404(
        MessageTemplate, pk=form.cleaned_data["template"], is_active=True, is_quick=True
    )
    patient = get_patient(request.user, given) if given else None
    said = fields.written(template, _facts(patient))
    return render(request, "messages/_box.html", {"body": said.body})


def _search(request: SignedInRequest, words: str) -> list[Patient]:
    today = timezone.localdate()
    found = search_patients(request.user, words, PatientFilter(), today=today, limit=12)
    return [one.patient for one in found]


def _facts(patient: Patient | None) -> fields.MessageFacts:
    now = timezone.now()
    if patient is None:
        return fields.MessageFacts("there", running_clinic().name)
    visit = (
        patient.appointments.filter(starts_at__gt=now, status__in=["booked", "confirmed"])
        .select_related("location", "practitioner", "appointment_type")
        .order_by("starts_at")
        .first()
    )
    if visit is not None:
        return fields.facts_of(visit, patient)
    name = fields.first_name(patient.preferred_name, patient.given_names, patient.full_name)
    return fields.MessageFacts(name, running_clinic().name)


def _sent(
    request: SignedInRequest, form: TextForm, patient: Patient | None, *, number: str = ""
) -> bool:
    """Queue what was written; what stands in the way becomes the form's error."""
    now = timezone.now()
    later = quiet_until(current_text_settings(), now, running_clinic().zone)
    choice = form.cleaned_data["when"]
    if later is not None and not choice:
        form.add_error(
            None,
            f"It is quiet until {later.astimezone(running_clinic().zone):%H:%M}. "
            "Choose whether it can wait.",
        )
        return False
    try:
        sending.send_text(
            patient,
            form.cleaned_data["body"],
            actor=request.user,
            at=now,
            number=number,
            not_before=later if choice == "later" else None,
        )
    except sending.CannotSendError as error:
        form.add_error(None, str(error))
        return False
    waits = choice == "later" and later is not None
    messages.success(request, "It goes out when the quiet hours end." if waits else "On its way.")
    return True


def _listed(request: SignedInRequest) -> dict[str, Any]:
    asked = ListForm(request.GET).asked()
    known = asked["show"] in list(texting.Show)
    show = texting.Show(asked["show"]) if known else texting.Show.OPEN
    number = asked["page"]
    page = texting.list_conversations(request.user, show, page=number)
    url = reverse("clinic_messages:inbox")
    return {
        "talks": page.rows,
        "show": show,
        "shows": list(texting.Show),
        "unread": texting.count_unread(request.user),
        "newer_url": f"{url}?show={show}&page={number - 1}" if number > 1 else "",
        "older_url": f"{url}?show={show}&page={number + 1}" if page.more else "",
    }


def _talk_page(
    request: SignedInRequest, talk: Conversation, *, form: TextForm | None = None
) -> HttpResponse:
    now = timezone.now()
    context = {
        **_listed(request),
        "conversation": talk,
        "turns": texting.talk_with(talk),
        "people": texting.people_at(talk.number) if talk.patient is None else [],
        "desk": texting.desk_of(talk.patient, talk.number, now=now),
        "patient": talk.patient,
        "form": form or TextForm(),
        "send_url": reverse("clinic_messages:reply", kwargs={"pk": talk.pk}),
    }
    is_part = request.headers.get("HX-Target") == "ms-turns"
    template = "messages/_talk.html" if is_part else "messages/inbox.html"
    return render(request, template, context, status=422 if form and form.errors else 200)
