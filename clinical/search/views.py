"""Search over notes and letters: the clinic's, and one patient's.

What is typed is posted: names and findings must not stand in addresses, which proxies log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, Resource, requires
from clinical.patients.selectors import get_patient
from clinical.search.finding import LONGEST_QUERY, search_texts, sources_for

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.LETTERS)
def texts(request: SignedInRequest) -> HttpResponse:
    """Search all texts of the clinic that the person may read."""
    context = {
        "typed": request.POST.get("q", "")[:LONGEST_QUERY],
        "results": search_texts(request.POST.get("q", ""), actor=request.user),
        "labels": [source.label.lower() for source in sources_for(request.user)],
        "longest": LONGEST_QUERY,
    }
    is_part = request.headers.get("HX-Request") == "true"
    return render(request, "search/_results.html" if is_part else "search/texts.html", context)


@require_POST
@requires(Action.VIEW, Resource.LETTERS)
def of_patient(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Search one patient's texts, for the box above their notes and their letters."""
    patient = get_patient(request.user, pk)
    found = search_texts(
        request.POST.get("q", ""),
        actor=request.user,
        patient=patient,
        only=request.POST.get("only", ""),
    )
    return render(request, "search/_results.html", {"results": found, "patient": patient})
