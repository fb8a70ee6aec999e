"""The pages about people who may be here twice: the list, two side by side, what a merge did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.patients import duplicates, merging, selectors, services, tasks
from clinical.patients.comparing import SIDES, choice_of, compare
from clinical.patients.filters import PatientFilter
from clinical.patients.models import DuplicateCandidate, DuplicateSearch, Patient

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from clinical.patients.duplicates import Pair
    from clinical.practice.requests import SignedInRequest

PAGE = 50
State = DuplicateCandidate.State
STATES = {"open": State.OPEN, "apart": State.NOT_THE_SAME, "merged": State.MERGED}


@require_safe
@requires(Action.CHANGE, Resource.PATIENTS)
def pair_list(request: SignedInRequest) -> HttpResponse:
    """List the pairs to be decided; `show` turns to those said to be two, and to the merges."""
    show = request.GET.get("show", "open")
    show = show if show in STATES else "open"
    page = _page_number(request)
    context: dict[str, Any] = {
        "show": show,
        "open_count": duplicates.count_open(),
        "search": duplicates.latest_search(),
        "page": page,
    }
    if show == "merged":
        context["merges"] = duplicates.latest_merges(limit=200)
    else:
        pairs = duplicates.list_pairs(
            request.user, state=STATES[show], limit=PAGE + 1, offset=(page - 1) * PAGE
        )
        here = reverse("patients:duplicates")
        context |= {
            "pairs": pairs[:PAGE],
            "next_url": f"{here}?show={show}&page={page + 1}" if len(pairs) > PAGE else "",
            "previous_url": f"{here}?show={show}&page={page - 1}" if page > 1 else "",
        }
    return render(request, "patients/duplicates.html", context)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 6 else 1  # noqa: PLR2004


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def look(request: SignedInRequest) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Have a worker look through the whole clinic."""
    search = DuplicateSearch.objects.create()
    search_id = str(search.pk)
    transaction.on_commit(lambda: tasks.find_duplicates.delay(search_id))
    return redirect("patients:duplicates")


@require_safe
@requires(Action.CHANGE, Resource.PATIENTS)
def looking(request: SignedInRequest) -> HttpResponse:
    """Answer how the search stands; once it has ended the page comes anew."""
    search = duplicates.latest_search()
    response = render(request, "patients/_looking.html", {"search": search})
    if search is None or not search.is_running:
        response.headers["HX-Refresh"] = "true"
    return response


def _pair(request: SignedInRequest, pk: UUID) -> Pair:
    candidate = duplicates.get_candidate(pk)
    found = duplicates.pairs_of(request.user, [candidate])
    if not found:
        raise Http404("There is no such pair.")
    return found[0]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PATIENTS)
def pair(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show two records side by side; a POST makes them one as chosen."""
    found = _pair(request, pk)
    if request.method == "POST":
        return _merge(request, found)
    return _pair_page(request, found)


def _pair_page(
    request: SignedInRequest, found: Pair, *, problem: str = "", status: int = 200
) -> HttpResponse:
    if found.first.merged_into_id or found.second.merged_into_id:
        gone = found.first if found.first.merged_into_id else found.second
        return redirect("patients:detail", pk=gone.merged_into_id)
    for patient in (found.first, found.second):
        services.record_view(patient, section="comparison")
    comparison = compare(found.first, found.second)
    context = {
        "pair": found,
        "comparison": comparison,
        "sides": (comparison.first, comparison.second),
        "problem": problem,
    }
    return render(request, "patients/pair.html", context, status=status)


def _merge(request: SignedInRequest, found: Pair) -> HttpResponse:
    keep = request.POST.get("keep", "")
    if keep not in SIDES:
        problem = "Choose which of the two records goes on."
        return _pair_page(request, found, problem=problem, status=422)
    first, second = found.first, found.second
    winner, loser = (first, second) if keep == "first" else (second, first)
    try:
        services.as_read_at(first, request.POST.get("seen_first", ""))
        services.as_read_at(second, request.POST.get("seen_second", ""))
        merge = merging.merge_patients(
            winner,
            loser,
            actor=request.user,
            at=timezone.now(),
            choice=choice_of(request.POST.dict(), keep=keep),
        )
    except services.PatientError as error:
        return _pair_page(
            request, _pair(request, found.candidate.pk), problem=str(error), status=409
        )
    undo = reverse("patients:unmerge", kwargs={"pk": merge.pk})
    messages.success(
        request,
        f"{winner.full_name} and {loser.full_name} are one record now.",
        extra_tags=f"undo:{undo}",
    )
    return redirect("patients:detail", pk=winner.pk)


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def apart(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Remember that the two are different people, and go on to the next pair."""
    found = _pair(request, pk)
    merging.tell_apart(found.first, found.second, actor=request.user, at=timezone.now())
    undo = reverse("patients:ask_again", kwargs={"pk": found.candidate.pk})
    messages.success(request, "Remembered: two different people.", extra_tags=f"undo:{undo}")
    following = duplicates.list_pairs(request.user, limit=1)
    if following and request.POST.get("go_on"):
        return redirect("patients:pair", pk=following[0].candidate.pk)
    return redirect("patients:duplicates")


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def ask_again(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take back that two were said to be different people."""
    found = _pair(request, pk)
    merging.ask_again(found.candidate, actor=request.user)
    messages.info(request, "The pair is to be decided again.")
    return redirect("patients:pair", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PATIENTS)
def choose_other(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Find the other record of the same person; choosing one leads to the two side by side."""
    patient = selectors.get_patient(request.user, pk)
    typed = request.POST.get("q", "").strip()
    if request.method == "POST" and request.POST.get("other"):
        return _with_other(request, patient, request.POST["other"])
    found: list[Patient] = []
    if typed:
        wanted = PatientFilter(with_archived=True)
        hits = selectors.search_patients(
            request.user, typed, wanted, today=timezone.localdate(), limit=30
        )
        found = [hit.patient for hit in hits if hit.patient.pk != patient.pk]
    guesses = duplicates.pairs_of(request.user, list(duplicates.candidates_about(patient)[:10]))
    context = {"patient": patient, "typed": typed, "found": found, "guesses": guesses}
    return render(request, "patients/choose_other.html", context)


def _with_other(request: SignedInRequest, patient: Patient, other: str) -> HttpResponse:
    try:
        found = selectors.get_patient(request.user, services.read_id(other))
    except services.PatientError as error:
        raise Http404(str(error)) from error
    if found.pk == patient.pk:
        raise Http404("The same record.")
    candidate = merging.put_side_by_side(patient, found, actor=request.user)
    return redirect("patients:pair", pk=candidate.pk)


@require_safe
@requires(Action.CHANGE, Resource.PATIENTS)
def merge(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show what a merge did, and the way back."""
    found = duplicates.get_merge(pk)
    services.record_view(found.winner, section="merge")
    counts = [f"{count} {label}" for label, count in sorted(merging.moved_counts(found).items())]
    context = {"merge": found, "counts": counts, "changed": merging.changes_of(found)}
    return render(request, "patients/merge.html", context)


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def unmerge(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Make two records of one again."""
    found = duplicates.get_merge(pk)
    try:
        done = merging.unmerge_patients(found, actor=request.user, at=timezone.now())
    except services.PatientError as error:
        messages.error(request, str(error))
        return redirect("patients:merge", pk=pk)
    if done.left:
        messages.warning(request, "They are two records again. Look at what was edited meanwhile.")
    else:
        messages.success(request, "They are two records again, as they were.")
    return redirect("patients:merge", pk=pk)
