"""Settings → Diagnosis codes: the editions a clinic has loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.problems import codes, selectors
from clinical.problems.forms import CodeFileForm

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def code_lists(request: SignedInRequest) -> HttpResponse:
    """List the editions; take a file."""
    form = CodeFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            loaded = codes.load_codes(
                form.cleaned_data["file"],
                actor=request.user,
                at=timezone.now(),
                name=form.cleaned_data["name"],
                edition=form.cleaned_data["edition"],
            )
        except codes.CodeFileError as error:
            form.add_error("file", str(error))
        else:
            return redirect("problems:code_list", pk=loaded.pk)
    context = {"form": form, "code_lists": selectors.code_lists()}
    status = 422 if form.errors else 200
    return render(request, "problems/code_lists.html", context, status=status)


@require_safe
@requires(Action.CHANGE, Resource.SETTINGS)
def code_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show what an edition has, before and after it is taken into use."""
    found = selectors.get_code_list(pk)
    typed = request.GET.get("q", "")
    context = {
        "code_list": found,
        "codes": selectors.codes_of(found, typed=typed),
        "typed": typed,
    }
    return render(request, "problems/code_list.html", context)


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def sample(request: SignedInRequest) -> HttpResponse:
    if any(found.name.endswith("(sample)") for found in selectors.code_lists()):
        messages.info(request, "The sample is here already.")
    else:
        codes.add_sample(actor=request.user, at=timezone.now())
        messages.success(request, "The sample is in use.")
    return redirect("problems:code_lists")


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def use(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = codes.use_code_list(selectors.get_code_list(pk), actor=request.user)
    messages.success(request, f"{found} is in use.")
    return redirect("problems:code_lists")


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def retire(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = codes.retire_code_list(selectors.get_code_list(pk), actor=request.user)
    messages.success(request, f"{found} is offered no more. Problems keep their codes.")
    return redirect("problems:code_lists")


@require_POST
@requires(Action.CHANGE, Resource.SETTINGS)
def discard(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = selectors.get_code_list(pk)
    try:
        codes.discard_code_list(found, actor=request.user)
    except codes.CodeFileError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{found} is thrown away.")
    return redirect("problems:code_lists")
