"""Jobs: all of them, one of them, and the pages that ask for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Action, Resource, requires
from operators import asking, jobs_shown, results, selectors, services
from operators.views.pages import number, page_urls
from tenants import jobs
from tenants.models import Job, Tenant

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def job_list(request: HttpRequest) -> HttpResponse:
    """Answer all jobs; asked by the page itself, only the rows."""
    asked = request.GET
    state, kind = asked.get("state", ""), asked.get("kind", "")
    search = asked.get("q", "").strip()
    found = jobs_shown.job_page(
        state=state, kind=kind, search=search, page=number(asked.get("page"))
    )
    context: dict[str, Any] = {"found": found, "address": request.get_full_path()}
    if request.headers.get("HX-Request") and "part" in asked:
        return render(request, "operators/_jobs.html", context)
    part = asked.copy()
    part["part"] = "rows"
    counts = selectors.job_counts()
    context |= {
        "state": state,
        "kind": kind,
        "search": search,
        "kinds": sorted(jobs.kinds(), key=lambda one: one.title),
        "states": [(value, label, counts[value]) for value, label in Job.State.choices],
        "pager": page_urls(request, found.previous, found.following),
        "asks": asking.open_to_platform(),
        "part_url": f"{request.path}?{part.urlencode()}",
    }
    return render(request, "operators/jobs.html", context)


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def job(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Answer one job with its steps."""
    return render(request, "operators/job.html", _context(request, _job(job_id)))


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def job_live(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Answer the part of the job's page that moves."""
    return render(request, "operators/_job.html", _context(request, _job(job_id)))


def _context(request: HttpRequest, found: Job) -> dict[str, Any]:
    shown = jobs_shown.ShownJob(found)
    file = shown.file
    link = ""
    if file is not None:
        token = results.sign(found, operator=request.user)  # type: ignore[arg-type]
        link = reverse("operators:job_result", args=[found.pk, token])
    return {
        "shown": shown,
        "job": found,
        "file": file,
        "link": link,
        "may_approve": shown.can_approve(request.user),  # type: ignore[arg-type]
        "is_moving": found.state in {Job.State.QUEUED, Job.State.RUNNING},
    }


@require_POST
@requires(Action.RUN, Resource.TENANTS)
def decide(request: HttpRequest, job_id: uuid.UUID, verb: str) -> HttpResponse:
    """Approve, cancel or retry."""
    if verb not in services.VERBS:
        raise Http404
    found = _job(job_id)
    try:
        services.decide(found, verb, actor=request.user)  # type: ignore[arg-type]
    except jobs.JobError as error:
        messages.error(request, str(error))
    else:
        done = {"approve": "approved", "cancel": "being cancelled", "retry": "going on"}[verb]
        messages.success(request, f"{jobs_shown.ShownJob(found).title}: {done}.")
    return redirect("operators:job", job_id)


@require_GET
@requires(Action.EXPORT, Resource.TENANTS)
def result(request: HttpRequest, job_id: uuid.UUID, token: str) -> Any:
    """Hand out the file a job has come to."""
    found = _job(job_id)
    try:
        file = results.open_signed(token, job=found, operator=request.user)  # type: ignore[arg-type]
    except results.LinkError as error:
        messages.error(request, str(error))
        return redirect("operators:job", job_id)
    services.record_download(found, name=file.name)
    response = StreamingHttpResponse(file.parts(), content_type=file.media_type)
    response.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=file.name) or "attachment"
    )
    return response


@require_http_methods(["GET", "POST"])
@requires(Action.RUN, Resource.TENANTS)
def ask(request: HttpRequest, kind_name: str, tenant_id: int | None = None) -> HttpResponse:
    """Show what a job wants to know, and ask for it."""
    tenant = _tenant(tenant_id)
    kind, shape = _kind(kind_name, tenant)
    form = shape.form(request.POST if request.method == "POST" else None, tenant=tenant)
    if request.method == "POST" and form.is_valid():
        try:
            asked = services.ask(kind.name, tenant, actor=request.user, **form.params())  # type: ignore[arg-type]
        except jobs.JobError as error:
            form.add_error(None, str(error))
        else:
            return redirect("operators:job", asked.pk)
    context = {
        "form": form,
        "kind": kind,
        "shape": shape,
        "tenant": tenant,
        "cancel_url": reverse("operators:clinic", args=[tenant.pk])
        if tenant
        else reverse("operators:jobs"),
    }
    return render(request, "operators/ask.html", context, status=422 if form.errors else 200)


def _tenant(tenant_id: int | None) -> Tenant | None:
    if tenant_id is None:
        return None
    try:
        found: Tenant = Tenant.objects.get(pk=tenant_id)
    except Tenant.DoesNotExist:
        raise Http404 from None
    return found


def _kind(name: str, tenant: Tenant | None) -> tuple[jobs.Kind, asking.Asked]:
    """Answer a kind that is for this clinic, or for none."""
    try:
        return asking.kind_for(name, tenant)
    except jobs.JobError:
        raise Http404 from None


def _job(job_id: uuid.UUID) -> Job:
    try:
        return jobs_shown.get_job(job_id)
    except Job.DoesNotExist:
        raise Http404 from None
