"""The work list of notes that wait for a co-sign, and who is under supervision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.permissions import Action, Resource, allows, requires
from clinical.notes import cosigning, selectors
from clinical.notes.forms import ReviewForm
from clinical.notes.template_forms import SupervisionForm

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.CHANGE, Resource.NOTES)
def cosign_list(request: SignedInRequest) -> HttpResponse:
    """Show what waits for the person's co-sign, and what of theirs came back or waits."""
    actor = request.user
    lists = (
        ("To co-sign", "Read each and co-sign it, or return it.", selectors.cosign_list(actor)),
        ("Returned to you", "Read the comment and amend the note.", selectors.returned_list(actor)),
        ("Yours, waiting", "Not co-signed yet.", selectors.waiting_list(actor)),
    )
    context = {"lists": [(title, text, list(rows)) for title, text, rows in lists]}
    return render(request, "notes/cosign.html", context)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def cosign(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _review(request, pk, is_good=True)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def give_back(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _review(request, pk, is_good=False)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def supervision(request: SignedInRequest) -> HttpResponse:
    """Show who signs alone and whose notes are co-signed, and take the changed list."""
    known = selectors.supervisions()
    people = [
        person
        for person in User.objects.filter(is_active=True).order_by("name", "email")
        if allows(person, Action.CHANGE, Resource.NOTES)
    ]
    supervisors = [person for person in people if person.pk not in known]
    forms = [
        SupervisionForm(
            request.POST or None,
            person=person,
            supervision=known.get(person.pk),
            supervisors=supervisors,
        )
        for person in people
    ]
    status = 200
    if request.method == "POST":
        try:
            for form in forms:
                cosigning.supervise(form.person, actor=request.user, **form.chosen())
        except cosigning.SupervisionError as error:
            messages.error(request, str(error))
            status = 422
        else:
            messages.success(request, "Saved.")
            return redirect("notes:supervision")
    return render(request, "notes/supervision.html", {"forms": forms}, status=status)


def _review(request: SignedInRequest, pk: UUID, *, is_good: bool) -> HttpResponse:
    note = selectors.get_note(request.user, pk)
    form = ReviewForm(request.POST)
    verb = cosigning.cosign_note if is_good else cosigning.return_note
    if not form.is_valid():
        messages.error(request, "The form came incomplete. Try again.")
        return redirect("notes:detail", pk=note.pk)
    try:
        verb(
            note,
            actor=request.user,
            at=timezone.now(),
            version=form.cleaned_data["version"],
            comment=form.cleaned_data["comment"],
        )
    except cosigning.ReviewError as error:
        messages.error(request, str(error))
        return redirect("notes:detail", pk=note.pk)
    except PermissionDenied:
        messages.error(request, "This note is for another supervisor to co-sign.")
        return redirect("notes:detail", pk=note.pk)
    messages.success(request, "Co-signed." if is_good else f"Returned to {note.author_name}.")
    return redirect("notes:cosign_list")
