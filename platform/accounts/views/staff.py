"""The people of a clinic, or the operators: who they are, what they may do, how they come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import services
from accounts.forms import InvitationForm, MemberForm
from accounts.models import User
from accounts.permissions import Action, Resource, refuse, requires, role_table
from accounts.rules import AccountError, NotYourRoleError, may_manage
from accounts.selectors import has_factor, staff
from accounts.services.people import AddressTakenError
from ui.toasts import add_toast

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase


def _context(request: HttpRequest) -> dict[str, object]:
    actor = cast("User", request.user)
    resources, rows = role_table(operators=actor.role == User.Role.OPERATOR)
    return {"people": staff(actor=actor), "resources": resources, "roles": rows}


@require_safe
@requires(Action.VIEW, Resource.STAFF)
def staff_list(request: HttpRequest) -> HttpResponse:
    """Everybody, and the table of what each role may do."""
    return render(request, "accounts/staff.html", _context(request))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.STAFF)
def invite(request: HttpRequest) -> HttpResponse:
    actor = cast("User", request.user)
    form = InvitationForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.invite_user(actor=actor, **form.cleaned_data)
        except AddressTakenError as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, f"{person.name} is invited; the link is on its way.")
            return redirect("accounts:staff")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/invite.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.STAFF)
def member(request: HttpRequest, user_id: UUID) -> HttpResponseBase:
    """Show one person; a post changes their name and role."""
    actor, person = cast("User", request.user), get_object_or_404(User, pk=user_id)
    initial = {"name": person.name, "role": person.role}
    form = MemberForm(actor, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_role(person, role=form.cleaned_data["role"], actor=actor)
            services.rename_user(person, name=form.cleaned_data["name"], actor=actor)
        except NotYourRoleError:
            return refuse(request, Action.CHANGE, Resource.STAFF)
        except AccountError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{person.name} is saved.")
            return redirect("accounts:staff")
    context = {
        "form": form,
        "person": person,
        "manageable": may_manage(actor, person),
        "is_self": actor.pk == person.pk,
        "has_factor": has_factor(person),
    }
    return render(request, "accounts/member.html", context, status=422 if form.is_bound else 200)


def _verb(
    action: Action, service: Callable[..., None], done: str
) -> Callable[..., HttpResponseBase]:
    """Make the view of one button on a person: a post, one call, back to the list."""

    @require_POST
    @requires(action, Resource.STAFF)
    def view(request: HttpRequest, user_id: UUID) -> HttpResponseBase:
        person = get_object_or_404(User, pk=user_id)
        try:
            service(person, actor=cast("User", request.user))
        except NotYourRoleError:
            return refuse(request, action, Resource.STAFF)
        except AccountError as error:
            return _answer(request, str(error), is_error=True)
        return _answer(request, done.format(name=person.name))

    return view


deactivate = _verb(Action.DELETE, services.deactivate_user, "{name} is deactivated and signed out.")
reactivate = _verb(Action.CHANGE, services.reactivate_user, "{name} can sign in again.")
resend = _verb(Action.CREATE, services.resend_invitation, "A new link is on its way to {name}.")
cancel = _verb(Action.DELETE, services.cancel_invitation, "The invitation of {name} is cancelled.")
reset_factor = _verb(
    Action.CHANGE, services.reset_factor, "{name} sets up a new second factor at the next sign-in."
)


def _answer(request: HttpRequest, text: str, *, is_error: bool = False) -> HttpResponse:
    """Answer htmx with the list as it is now, others with the page."""
    if request.headers.get("HX-Request"):
        response = render(request, "accounts/_people.html", _context(request))
        return add_toast(response, text, tone="danger" if is_error else "success")
    (messages.error if is_error else messages.success)(request, text)
    return redirect("accounts:staff")
