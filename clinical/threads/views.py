"""The team's inbox, its threads, and what is written about one patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.documents import links
from clinical.documents.finishing import blocks_of
from clinical.documents.links import LinkExpiredError, LinkForgedError
from clinical.documents.serving import IMAGE, PDF
from clinical.patients.pages import record_page
from clinical.patients.rules import visible_patients
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from clinical.threads import selectors, services
from clinical.threads.forms import InboxForm, PeopleForm, PostForm, TaskForm, ThreadForm
from clinical.threads.rules import who_may_take_part
from tenants.storage import clinic_storage

if TYPE_CHECKING:
    from uuid import UUID

    from django.forms import Form
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest
    from clinical.threads.models import Attachment, Thread

TAB = "threads:about"
UNPROCESSABLE = 422
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.THREADS)
def inbox(request: SignedInRequest) -> HttpResponse:
    """Show the person's threads and tasks; a search posts, as words must not stand in addresses."""
    form = InboxForm(request.POST if request.method == "POST" else request.GET)
    show, words, page = form.asked()
    found = selectors.list_threads(request.user, show, page=page, text=words)
    url = reverse("threads:inbox")
    context = {
        "page": found,
        "show": show,
        "shows": list(selectors.Show),
        "words": words,
        "is_by_due": show in {selectors.Show.MINE, selectors.Show.GIVEN, selectors.Show.TASKS},
        "unread": selectors.count_unread(request.user),
        "today": timezone.localdate(),
        "newer_url": f"{url}?show={show}&page={page - 1}" if page > 1 and not words else "",
        "older_url": f"{url}?show={show}&page={page + 1}" if found.more and not words else "",
    }
    is_part = request.headers.get("HX-Target") == "th-results"
    return render(request, "threads/_results.html" if is_part else "threads/inbox.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.THREADS)
def new(request: SignedInRequest) -> HttpResponse:
    """Write a new message; with a patient's id it is about them."""
    initial = {"patient": request.GET.get("patient", ""), "priority": 2}
    form = ThreadForm(request.POST or None, request.FILES or None, initial=initial)
    patient = _patient_of(request, form)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        if said["patient"] and patient is None:
            raise Http404
        try:
            thread = services.open_thread(
                actor=request.user,
                at=timezone.now(),
                subject=said["subject"],
                body=said["body"],
                patient=patient,
                people=said["people"],
                for_team=said["for_team"],
                task=form.terms() if said["is_task"] else None,
                files=form.given_files,
            )
        except services.ThreadError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Sent.")
            return redirect("threads:detail", pk=thread.pk)
    context = {"form": form, "patient": patient, "people": list(who_may_take_part())}
    return render(request, "threads/new.html", context, status=_status(form))


@require_safe
@requires(Action.VIEW, Resource.THREADS)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a thread; it is read then."""
    thread = selectors.get_thread(request.user, pk)
    services.record_reading(thread)
    return _thread_page(request, thread)


@require_POST
@requires(Action.CREATE, Resource.THREADS)
def post(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write into a thread."""
    thread = selectors.get_thread(request.user, pk)
    form = PostForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            services.add_post(
                thread,
                actor=request.user,
                at=timezone.now(),
                body=form.cleaned_data["body"],
                files=form.given_files,
            )
        except services.ThreadError as error:
            form.add_error(None, str(error))
        else:
            return redirect(f"{_url(thread)}#latest")
    return _thread_page(request, thread, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.THREADS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Change one's own words while they are fresh."""
    written = selectors.get_post(request.user, pk)
    if written.author_id != request.user.pk or written.is_event:
        raise Http404
    form = PostForm(request.POST or None, initial={"body": written.body})
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_post(
                written, actor=request.user, at=timezone.now(), body=form.cleaned_data["body"]
            )
        except services.ThreadError as error:
            form.add_error(None, str(error))
        else:
            return redirect(_url(written.thread))
    context = {"form": form, "post": written, "people": list(who_may_take_part())}
    return render(request, "threads/edit.html", context, status=_status(form))


@require_POST
@requires(Action.CHANGE, Resource.THREADS)
def task(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Make it a task, or change its terms."""
    thread = selectors.get_thread(request.user, pk)
    form = TaskForm(request.POST)
    if not form.is_valid():
        return _thread_page(request, thread, task_form=form)
    return _stepped(
        request,
        thread,
        lambda now: services.set_task(thread, form.terms(), actor=request.user, at=now),
        "Saved.",
    )


@require_POST
@requires(Action.CHANGE, Resource.THREADS)
def step(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Mark a task done, reopen it, or make it no task."""
    thread = selectors.get_thread(request.user, pk)
    verb, said = {
        "done": (services.finish_task, "Done."),
        "reopen": (services.reopen_task, "Open again."),
        "drop": (services.drop_task, "No task any more."),
    }.get(request.POST.get("action", ""), (None, ""))
    if verb is None:
        raise Http404
    return _stepped(request, thread, lambda now: verb(thread, actor=request.user, at=now), said)


@require_POST
@requires(Action.VIEW, Resource.THREADS)
def unread(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Put the thread back among what is new."""
    thread = selectors.get_thread(request.user, pk)
    services.mark_unread(thread, actor=request.user, at=timezone.now())
    messages.success(request, "Marked as unread.")
    return redirect("threads:inbox")


@require_POST
@requires(Action.CHANGE, Resource.THREADS)
def people(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Let more people read the thread."""
    thread = selectors.get_thread(request.user, pk)
    form = PeopleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose people of the list.")
        return redirect(_url(thread))
    chosen = list(form.cleaned_data["people"])
    return _stepped(
        request,
        thread,
        lambda now: services.add_people(thread, chosen, actor=request.user, at=now),
        "",
    )


@require_POST
@requires(Action.CHANGE, Resource.THREADS)
def leave(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take no part any more."""
    thread = selectors.get_thread(request.user, pk)
    try:
        services.leave(thread, actor=request.user, at=timezone.now())
    except services.ThreadError as error:
        messages.error(request, str(error))
        return redirect(_url(thread))
    messages.success(request, "You have left it.")
    return redirect("threads:inbox")


@require_safe
@requires(Action.VIEW, Resource.THREADS)
def attachment(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Answer a file of a post, to be saved."""
    found = selectors.get_attachment(request.user, pk)
    if not found.is_servable:
        raise Http404
    try:
        stream = clinic_storage().stream(found.storage_key)
    except FileNotFoundError:
        raise Http404 from None
    services.record_download(found)
    answer = StreamingHttpResponse(blocks_of(stream), content_type="application/octet-stream")
    answer.headers["Content-Length"] = str(found.size)
    answer.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=found.file_name) or "attachment"
    )
    answer.headers["Content-Security-Policy"] = SANDBOX
    return answer


@require_safe
@requires(Action.VIEW, Resource.THREADS)
def show(request: SignedInRequest, pk: UUID, token: str) -> HttpResponseBase:
    """Answer a picture or a PDF of a post for the page to show; reading the thread is on record."""
    found = selectors.get_attachment(request.user, pk)
    try:
        links.check_link(token, found, actor=request.user, purpose="show")
    except LinkExpiredError:
        return redirect(_url(found.post.thread))
    except LinkForgedError as error:
        raise Http404 from error
    if not found.is_servable or not found.shows_as:
        raise Http404
    try:
        stream = clinic_storage().stream(found.storage_key)
    except FileNotFoundError:
        raise Http404 from None
    answer = StreamingHttpResponse(blocks_of(stream), content_type=found.media_type)
    answer.headers["Content-Length"] = str(found.size)
    answer.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=False, filename=found.file_name) or "inline"
    )
    answer.headers["Content-Security-Policy"] = IMAGE
    if found.shows_as == "pdf":
        answer.headers["Content-Security-Policy"] = PDF
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@require_safe
@requires(Action.VIEW, Resource.THREADS)
def about(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show what the team writes about a patient."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="team")
    context = {
        "threads": selectors.threads_about(request.user, patient),
        "today": timezone.localdate(),
        "is_by_due": False,
    }
    return record_page(request, patient, "threads/about.html", context, tab=TAB)


def _thread_page(
    request: SignedInRequest,
    thread: Thread,
    *,
    form: PostForm | None = None,
    task_form: TaskForm | None = None,
) -> HttpResponse:
    posts = selectors.posts_of(request.user, thread)
    for shown in posts:
        for file in shown.post.attachments.all():
            file.show_url = _show_url(request, file)  # type: ignore[attr-defined]
    services.mark_read(thread, actor=request.user, at=timezone.now())
    inside = selectors.people_in(thread)
    everybody = list(who_may_take_part())
    terms = {"assignee": thread.assignee, "due_on": thread.due_on, "priority": thread.priority}
    context: dict[str, Any] = {
        "thread": thread,
        "posts": posts,
        "form": form or PostForm(),
        "task_form": task_form or TaskForm(initial=terms),
        "inside": inside,
        "outside": [one for one in everybody if one not in inside],
        "people": everybody,
        "is_mine": request.user in inside,
        "today": timezone.localdate(),
    }
    return render(request, "threads/detail.html", context, status=_status(form or task_form))


def _show_url(request: SignedInRequest, file: Attachment) -> str:
    """Answer an address good for minutes, where the page can show the file."""
    if not file.is_servable or not file.shows_as:
        return ""
    token = links.sign_link(file, actor=request.user, purpose="show")
    return reverse("threads:show", kwargs={"pk": file.pk, "token": token})


def _stepped(request: SignedInRequest, thread: Thread, verb: Any, said: str) -> HttpResponse:
    try:
        verb(timezone.now())
    except services.ThreadError as error:
        messages.error(request, str(error))
    else:
        if said:
            messages.success(request, said)
    return redirect(_url(thread))


def _patient_of(request: SignedInRequest, form: ThreadForm) -> Patient | None:
    """Answer whom the message is about, if the actor may see them."""
    try:
        pk = form.fields["patient"].clean(form["patient"].value())
    except ValueError:
        return None
    except Exception:  # noqa: BLE001 - whatever is wrong with an id, it is an id of nobody
        return None
    return visible_patients(request.user).filter(pk=pk).first() if pk else None


def _status(form: Form | None) -> int:
    return UNPROCESSABLE if form is not None and form.is_bound and form.errors else 200


def _url(thread: Thread) -> str:
    return reverse("threads:detail", kwargs={"pk": thread.pk})
