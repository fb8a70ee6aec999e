"""The operators' JSON API: the same verbs as the console's, for programs with a token.

A token acts for one operator and is asked for everything the permission table asks of that person.
It cannot approve: the second person is a person, signed in with a second factor.
"""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from accounts import throttle
from accounts.permissions import Action, Resource, allows
from accounts.signing_in import name_actor
from operators import asking, jobs_shown, selectors, services, tokens
from operators.views.pages import number
from tenants import jobs
from tenants.models import Job, Tenant

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    from django.http import HttpRequest

    from accounts.models import User

    View = Callable[..., JsonResponse]

SCHEME = "Bearer "
READS, WRITES = Action.VIEW, Action.RUN


class ProblemError(Exception):
    """An answer that says what is wrong, as a problem document (RFC 9457)."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.more = status, title, detail, more

    def response(self) -> JsonResponse:
        body = {
            "type": "about:blank", "title": self.title, "status": self.status,
            "detail": self.detail, **self.more,
        }  # fmt: skip
        return JsonResponse(body, status=self.status, content_type="application/problem+json")


def api(**by_method: View) -> Any:
    """Make one address of the API: a view for each method, behind a token."""

    @wraps(next(iter(by_method.values())))
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            return _answer(request, by_method, *args, **kwargs)
        except ProblemError as error:
            response = error.response()
            if error.status == 401:  # noqa: PLR2004
                response.headers["WWW-Authenticate"] = "Bearer"
            if retry_after := error.more.get("retry_after"):
                response.headers["Retry-After"] = str(retry_after)
            return response

    view.permission = (READS, Resource.TENANTS)  # type: ignore[attr-defined]
    return csrf_exempt(login_not_required(view))


def _answer(
    request: HttpRequest, by_method: dict[str, View], *args: Any, **kwargs: Any
) -> JsonResponse:
    operator = _operator(request)
    method = request.method or ""
    if method not in by_method:
        raise ProblemError(405, "Not so", f"This address takes {', '.join(by_method)}.")
    action = READS if method == "GET" else WRITES
    if not allows(operator, action, Resource.TENANTS):
        raise ProblemError(403, "Not open to you", "The token's operator may not do this.")
    request.user = operator
    return by_method[method](request, *args, **kwargs)


def _operator(request: HttpRequest) -> User:
    """Answer for whom the request acts, counted before and after."""
    written = request.headers.get("Authorization", "")
    try:
        operator = tokens.operator_of(
            _token_in(written), address=request.META.get("REMOTE_ADDR", "")
        )
        throttle.admit_api_call(operator.pk)
    except tokens.TokenError as error:
        _count_miss(written)
        raise ProblemError(401, "No such token", str(error)) from None
    except throttle.TooManyAttemptsError as error:
        raise _too_many(error) from None
    except throttle.ThrottleUnavailableError:
        raise ProblemError(503, "Not now", "Calls cannot be counted just now.") from None
    name_actor(operator)
    return operator


def _token_in(header: str) -> str:
    if not header.startswith(SCHEME):
        raise tokens.TokenError("Send “Authorization: Bearer …” with a token of the console.")
    return header.removeprefix(SCHEME).strip()


def _count_miss(written: str) -> None:
    if not written:
        return
    try:
        throttle.admit_link_missed()
    except throttle.TooManyAttemptsError as error:
        raise _too_many(error) from None
    except throttle.ThrottleUnavailableError:
        raise ProblemError(503, "Not now", "Calls cannot be counted just now.") from None


def _too_many(error: throttle.TooManyAttemptsError) -> ProblemError:
    return ProblemError(429, "Too many calls", str(error), retry_after=error.retry_after)


# ── clinics ──────────────────────────────────────────────────────────────────────────────────────


def list_clinics(request: HttpRequest) -> JsonResponse:
    """Answer clinics with their health: `q`, `show`, `sort`, `page` as on the console."""
    asked = request.GET
    found = selectors.overview(
        search=asked.get("q", ""),
        sort=asked.get("sort", "health"),
        show=asked.get("show", "all"),
        page=number(asked.get("page")),
    )
    return JsonResponse(
        {
            "clinics": [_clinic(row) for row in found.rows],
            "found": found.found,
            "page": found.page,
            "pages": found.pages,
        }
    )


def create_clinic(request: HttpRequest) -> JsonResponse:
    """Ask for a clinic."""
    return _ask(request, "create", None, _body(request))


def get_clinic(_request: HttpRequest, tenant_id: int) -> JsonResponse:
    row = _row(tenant_id)
    return JsonResponse({**_clinic(row), "figures": dict(row.figures)})


def _row(tenant_id: int) -> selectors.ClinicRow:
    try:
        return selectors.clinic_row(tenant_id)
    except Tenant.DoesNotExist:
        raise Http404 from None


def _clinic(row: selectors.ClinicRow) -> dict[str, Any]:
    tenant = row.tenant
    return {
        "id": tenant.pk,
        "subdomain": tenant.subdomain,
        "name": tenant.name,
        "state": tenant.state,
        "plan": tenant.plan,
        "url": tenant.url,
        "health": {2: "trouble", 1: "look", 0: "well"}[row.level],
        "findings": [finding.words for finding in row.findings],
        "looked_at": row.looked_at,
        "users": row.users,
        "stored_bytes": row.stored,
        "last_activity": row.active_at,
        "migrated": row.is_migrated,
        "last_backup": row.backup.as_of if row.backup else None,
    }


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────────


def list_kinds(_request: HttpRequest) -> JsonResponse:
    """Answer what can be asked for, and with which parameters."""
    return JsonResponse(
        {
            "kinds": [
                {
                    "kind": ask.kind.name,
                    "title": ask.kind.title,
                    "of_a_clinic": ask.asked.states is not None,
                    "of_the_platform": ask.asked.is_for(None),
                    "needs_second": ask.kind.needs_second,
                    "params": list(ask.asked.form(tenant=None).fields),
                }
                for ask in asking.all_asks()
            ]
        }
    )


def list_jobs(request: HttpRequest) -> JsonResponse:
    asked = request.GET
    found = jobs_shown.job_page(
        state=asked.get("state", ""),
        kind=asked.get("kind", ""),
        search=asked.get("q", ""),
        page=number(asked.get("page")),
    )
    return JsonResponse({"jobs": [_job(shown.job) for shown in found.jobs], "more": found.has_more})


def ask_platform(request: HttpRequest) -> JsonResponse:
    """Ask for a job that is of no clinic: {"kind": …, parameters}."""
    body = _body(request)
    return _ask(request, str(body.pop("kind", "")), None, body)


def ask_clinic(request: HttpRequest, tenant_id: int) -> JsonResponse:
    """Ask for a job of one clinic: {"kind": …, parameters}."""
    body = _body(request)
    return _ask(request, str(body.pop("kind", "")), _row(tenant_id).tenant, body)


def get_job(_request: HttpRequest, job_id: uuid.UUID) -> JsonResponse:
    return JsonResponse(_job(_found(job_id)))


def decide(request: HttpRequest, job_id: uuid.UUID, verb: str) -> JsonResponse:
    """Cancel or retry a job."""
    if verb == "approve":
        raise ProblemError(
            403, "A person approves", "Approve it on the console, signed in with a second factor."
        )
    if verb not in services.VERBS:
        raise Http404
    try:
        changed = services.decide(_found(job_id), verb, actor=request.user)  # type: ignore[arg-type]
    except jobs.JobError as error:
        raise ProblemError(409, "Not as it stands", str(error)) from None
    return JsonResponse(_job(changed), status=202)


def _ask(
    request: HttpRequest, name: str, tenant: Tenant | None, params: dict[str, Any]
) -> JsonResponse:
    try:
        form = _form(name, tenant, params)
        job = services.ask(name, tenant, actor=request.user, **form.params())  # type: ignore[arg-type]
    except jobs.JobOpenError as error:
        raise ProblemError(409, "Not now", str(error)) from None
    except jobs.JobError as error:
        raise ProblemError(422, "It cannot be asked for", str(error)) from None
    response = JsonResponse(_job(job), status=202)
    response.headers["Location"] = reverse("operators:api_job", args=[job.pk])
    return response


def _form(name: str, tenant: Tenant | None, params: dict[str, Any]) -> asking.AskForm:
    """Check what was sent by the form that the console shows."""
    _, shape = asking.kind_for(name, tenant)
    known = shape.form(tenant=tenant).fields
    if unknown := sorted(params.keys() - known.keys()):
        raise jobs.JobError(f"“{name}” takes no {', '.join(unknown)}.")
    ticked = {key: True for key, field in known.items() if field.initial is True}
    form = shape.form({**ticked, **params}, tenant=tenant)
    if not form.is_valid():
        errors = {field: [str(one) for one in found] for field, found in form.errors.items()}
        raise ProblemError(422, "Something is missing or wrong", _said(errors), errors=errors)
    return form


def _said(errors: dict[str, list[str]]) -> str:
    return " ".join(f"{field}: {' '.join(found)}" for field, found in errors.items())


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ProblemError(400, "Not readable", "Send a JSON object.")
    return body


def _found(job_id: uuid.UUID) -> Job:
    try:
        return jobs_shown.get_job(job_id)
    except Job.DoesNotExist:
        raise Http404 from None


def _job(job: Job) -> dict[str, Any]:
    shown = jobs_shown.ShownJob(job)
    return {
        "id": str(job.pk),
        "kind": job.kind,
        "title": shown.title,
        "clinic": job.tenant_id,
        "params": job.params,
        "state": job.state,
        "step": job.step,
        "done": job.done,
        "total": job.total,
        "problem": job.problem,
        "result": job.result,
        "log": job.log,
        "asked_by": job.asked_by,
        "asked_from": job.asked_from,
        "approved_by": job.approved_by,
        "not_before": job.not_before,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


clinics = api(GET=list_clinics, POST=create_clinic)
clinic = api(GET=get_clinic)
clinic_jobs = api(POST=ask_clinic)
all_jobs = api(GET=list_jobs, POST=ask_platform)
job = api(GET=get_job)
job_verb = api(POST=decide)
kinds = api(GET=list_kinds)
