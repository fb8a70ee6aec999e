"""The page of all patients: found by what is typed, narrowed, sorted, saved, taken as CSV.

Names never stand in an address: what is searched for is posted.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, allows, requires
from audit.services import record
from clinical.patients import selectors
from clinical.patients.filters import ORDERS
from clinical.patients.former import search_former_fields
from clinical.patients.list_forms import FilterForm
from clinical.patients.list_models import SavedFilter
from clinical.patients.listing import PatientPage, count_patients, list_patients, walk_patients
from clinical.patients.models import Patient
from clinical.patients.search import MAX_RESULTS
from clinical.patients.templatetags.patients import first_phone, phone
from ui.spreadsheets import safe_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http import HttpResponse, QueryDict

    from clinical.patients.former import FormerHit
    from clinical.practice.requests import SignedInRequest

MOST_SAVED = 12


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.PATIENTS)
def patient_list(request: SignedInRequest) -> HttpResponse:
    """List all (GET, in pages), or find by what was typed (POST)."""
    form = FilterForm(_asked(request))
    wanted, order = form.wanted(today=timezone.localdate()), form.order()
    typed = form.cleaned_data.get("q") or ""
    context: dict[str, Any] = {
        "form": form,
        "typed": typed,
        "chips": _chips(form),
        "shows_plan": form.cleaned_data.get("plan") or order == ORDERS["plan"],
    }
    if request.method == "POST" and typed:
        found = selectors.search_patients(request.user, typed, wanted, today=timezone.localdate())
        context |= {
            "fitting": [hit.patient for hit in found if not hit.is_similar],
            "similar": [hit.patient for hit in found if hit.is_similar],
            "most": MAX_RESULTS,
            "former": _in_former_fields(request, form),
        }
    else:
        page = list_patients(
            request.user,
            wanted,
            order=order,
            after=_id(request, "after"),
            before=_id(request, "before"),
        )
        context |= {"page": page, "orders": _orders(form), **_page_urls(form, page)}
        if allows(request.user, Action.EXPORT, Resource.PATIENTS):
            context["export_url"] = reverse("patients:export", query=form.kept())
    saved = _saved(request, form)
    context["is_saved"] = any(one["is_now"] for one in saved)
    if request.headers.get("HX-Target") == "patient-results":
        answer = render(request, "patients/_results.html", context)
        if request.method == "GET":
            answer["HX-Push-Url"] = reverse("patients:list", query=form.kept())
        return answer
    return render(request, "patients/list.html", {**context, "saved": saved})


@require_safe
@requires(Action.EXPORT, Resource.PATIENTS)
def export(request: SignedInRequest) -> StreamingHttpResponse:
    """Answer the narrowed list as CSV, all pages of it; who took what is on record."""
    form = FilterForm(request.GET)
    wanted, order = form.wanted(today=timezone.localdate()), form.order()
    total = count_patients(request.user, wanted)
    record(
        "export",
        object_type=Patient._meta.db_table,
        payload={"patients": total, "narrowed_to": form.kept()},
    )
    parts = walk_patients(request.user, wanted, order=order)
    answer = StreamingHttpResponse(_lines(parts), content_type="text/csv; charset=utf-8")
    name = f"patients-{timezone.localdate():%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_POST
@requires(Action.VIEW, Resource.PATIENTS)
def save_filter(request: SignedInRequest) -> HttpResponse:
    """Keep the way the list is narrowed now under a name; the same name again replaces it."""
    form = FilterForm(request.POST)
    kept, name = form.kept(), " ".join(request.POST.get("name", "").split())[:60]
    mine = SavedFilter.objects.filter(user=request.user)
    if not name or not kept:
        messages.error(request, "Choose a filter and give it a name to save it.")
    elif mine.exclude(name=name).count() >= MOST_SAVED:
        messages.error(request, f"You have {MOST_SAVED} saved filters. Delete one first.")
    else:
        SavedFilter.objects.update_or_create(user=request.user, name=name, defaults={"query": kept})
        messages.success(request, f"“{name}” is saved above the list.")
    return redirect(reverse("patients:list", query=kept))


@require_POST
@requires(Action.VIEW, Resource.PATIENTS)
def forget_filter(request: SignedInRequest, pk: UUID) -> HttpResponse:
    saved = get_object_or_404(SavedFilter, pk=pk, user=request.user)
    saved.delete()
    messages.success(request, f"The filter “{saved.name}” is deleted.")
    return redirect("patients:list")


HEADINGS = (
    "Number", "Family name", "Given names", "Preferred name", "Date of birth", "Phone", "Location",
    "Funding", "Plan start", "Plan end", "Last visit", "Last seen by", "Next visit",
    "Next visit with", "Archived",
)  # fmt: skip


def _lines(parts: Iterator[list[Patient]]) -> Iterator[str]:
    yield _csv([HEADINGS])
    for patients in parts:
        yield _csv([_cells(patient) for patient in patients])


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([map(safe_cell, row) for row in rows])
    return text.getvalue()


def _cells(patient: Patient) -> Sequence[object]:
    summary, point = patient.summary, first_phone(patient)
    return (
        patient.number,
        patient.family_name,
        patient.given_names,
        patient.preferred_name,
        patient.date_of_birth,
        phone(point) if point else "",
        patient.location,
        patient.funding_type,
        patient.plan_start,
        patient.plan_end,
        summary.last_visit_at and timezone.localdate(summary.last_visit_at),
        summary.last_practitioner,
        summary.next_visit_at and timezone.localdate(summary.next_visit_at),
        summary.next_practitioner,
        "yes" if patient.is_archived else "",
    )


def _asked(request: SignedInRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


def _in_former_fields(request: SignedInRequest, form: FilterForm) -> list[FormerHit]:
    """Answer what else the old system's fields say, where that was asked for."""
    if not form.cleaned_data.get("former"):
        return []
    typed, archived = form.cleaned_data["q"], bool(form.cleaned_data.get("archived"))
    return search_former_fields(request.user, typed, with_archived=archived)


def _id(request: SignedInRequest, name: str) -> UUID | None:
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None


def _chips(form: FilterForm) -> list[tuple[str, str]]:
    """Answer each filter that is set in words, and the address without it."""
    return [
        (words, reverse("patients:list", query=form.kept(without=[name])))
        for name, words in form.chosen()
    ]


def _orders(form: FilterForm) -> dict[str, dict[str, Any]]:
    """Answer for each order its address and whether it is the present one."""
    rest, now = form.kept(without=["sort"]), form.order()
    return {
        key: {
            "url": reverse(
                "patients:list", query={**rest, **({"sort": key} if key != "name" else {})}
            ),
            "is_now": order == now,
            "aria": "descending" if order.is_descending else "ascending",
        }
        for key, order in ORDERS.items()
    }


def _saved(request: SignedInRequest, form: FilterForm) -> list[dict[str, Any]]:
    kept = form.kept()
    return [
        {
            "pk": saved.pk,
            "name": saved.name,
            "url": reverse("patients:list", query=saved.query),
            "is_now": saved.query == kept,
        }
        for saved in SavedFilter.objects.filter(user=request.user)
    ]


def _page_urls(form: FilterForm, page: PatientPage) -> dict[str, str]:
    return {
        f"{name}_url": reverse("patients:list", query={**form.kept(), name: str(edge)})
        if edge
        else ""
        for name, edge in (("before", page.before), ("after", page.after))
    }
