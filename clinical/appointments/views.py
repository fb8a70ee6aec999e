"""The diary's pages: the day, an appointment, booking one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.appointments import booking_warnings, diary, errors, marks, selectors, services
from clinical.appointments.diary_forms import DayForm
from clinical.appointments.diary_views import drawer_context, trigger
from clinical.appointments.forms import AppointmentForm
from clinical.appointments.statuses import Status
from clinical.patients.filters import PatientFilter
from clinical.patients.selectors import recently_viewed, search_patients
from clinical.practice.clock import LocalTimeError, today_at, zone_of
from clinical.practice.models import Location
from clinical.practice.selectors import practitioner_of
from ui.toasts import add_toast

if TYPE_CHECKING:
    from clinical.appointments.models import Appointment
    from clinical.practice.requests import SignedInRequest

NOWHERE = "none"
OFFERED = 8
MANY_LOCATIONS = 8
"""So many tabs fit; more are chosen from a list."""


@require_safe
@requires(Action.VIEW, Resource.APPOINTMENTS)
def home(_request: SignedInRequest) -> HttpResponse:
    return redirect("appointments:diary")


@require_safe
@requires(Action.VIEW, Resource.APPOINTMENTS)
def day(request: SignedInRequest) -> HttpResponse:
    """Show a day by clinician."""
    shown = DayForm(request.GET).day()
    chosen = request.GET.get("location", "")
    sheet = selectors.day_sheet(
        request.user,
        shown,
        location=_location(chosen),
        without_location=chosen == NOWHERE,
    )
    now = timezone.now()
    today = today_at(sheet.zone, now)
    appointments = [visit.appointment for column in sheet.columns for visit in column.visits]
    context = {
        "sheet": sheet,
        "marks": marks.marks_of(request.user, appointments, now=now),
        "now": now,
        "now_here": now.astimezone(sheet.zone),
        "is_today": shown == today,
        "chosen": chosen,
        "all_places": not chosen,
        "tabs": _location_tabs(sheet, chosen),
        "many": len(sheet.locations) > MANY_LOCATIONS,
        "self_url": _day_url(shown, chosen),
        "previous_url": _day_url(shown - timedelta(days=1), chosen),
        "next_url": _day_url(shown + timedelta(days=1), chosen),
        "today_url": _day_url(today, chosen),
    }
    is_part = request.headers.get("HX-Target") == "day-grid"
    return render(
        request, "appointments/_grid.html" if is_part else "appointments/day.html", context
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.APPOINTMENTS)
def new(request: SignedInRequest) -> HttpResponse:
    form = AppointmentForm(request.POST or None, actor=request.user, initial=_wishes(request))
    if request.method == "POST" and form.is_valid():
        try:
            booked = _book(request, form)
        except (errors.AppointmentError, LocalTimeError) as error:
            return _form_page(request, form, error=error)
        if _in_drawer(request):
            return _drawer_done("Booked.")
        messages.success(request, "Booked.")
        for warning in booking_warnings.warnings_of(request.user, form.wish(booked.pk)):
            messages.warning(request, f"{warning.title} {warning.text}".strip())
        return redirect(_day_of(booked))
    return _form_page(request, form)


@transaction.atomic
def _book(request: SignedInRequest, form: AppointmentForm) -> Appointment:
    """Book it, and let a walk-in have arrived with the same click."""
    booked = services.book_appointment(actor=request.user, repeat=form.repeat(), **form.columns())
    patient = form.cleaned_data["patient"]
    if form.cleaned_data["is_here"] and patient is not None:
        visit = booked if not booked.is_group else booked.attendees.get(patient=patient)
        services.change_status(visit, actor=request.user, at=timezone.now(), status=Status.ARRIVED)
    return booked


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.APPOINTMENTS)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show one appointment with the steps it can take."""
    appointment = selectors.get_appointment(request.user, pk)
    context = drawer_context(request, appointment) | {
        "extra": sorted(appointment.extra.items()),
        "day_url": _day_of(appointment),
    }
    return render(request, "appointments/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.APPOINTMENTS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    appointment = selectors.get_appointment(request.user, pk)
    if appointment.group_id is not None:  # a place has the time of its session
        appointment = selectors.get_appointment(request.user, appointment.group_id)
    form = AppointmentForm(request.POST or None, actor=request.user, appointment=appointment)
    if request.method == "POST" and form.is_valid():
        try:
            services.as_read_at(appointment, form.cleaned_data["seen"])
            services.change_appointment(
                appointment, actor=request.user, at=timezone.now(), **form.columns()
            )
        except (errors.AppointmentError, LocalTimeError) as error:
            return _form_page(request, form, appointment=appointment, error=error)
        if _in_drawer(request):
            return _drawer_done("Saved.")
        messages.success(request, "Saved.")
        return redirect(_day_of(appointment))
    return _form_page(request, form, appointment=appointment)


@require_POST
@requires(Action.CHANGE, Resource.APPOINTMENTS)
def status(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take an appointment a step further; htmx gets its card anew, others the page they came from."""
    appointment = selectors.get_appointment(request.user, pk)
    problem = ""
    try:
        services.change_status(
            appointment,
            actor=request.user,
            at=timezone.now(),
            status=request.POST.get("status", ""),
            reason=request.POST.get("reason", "")[:500],
            following=request.POST.get("following") == "on",
        )
    except errors.AppointmentError as error:
        problem = str(error)
    if _in_drawer(request):
        if request.POST.get("in_session") == "on" and appointment.group_id is not None:
            appointment = selectors.get_appointment(request.user, appointment.group_id)
        context = drawer_context(request, appointment) | {"problem": problem}
        answer = render(request, "appointments/_drawer.html", context)
        return answer if problem else trigger(answer, "diary:changed")
    if request.headers.get("HX-Request") and not request.POST.get("next"):
        return _card(request, appointment, problem)
    if problem:
        messages.error(request, problem)
    return HttpResponseRedirect(_safe_next(request) or _day_of(appointment))


@require_POST
@requires(Action.CREATE, Resource.APPOINTMENTS)
def patients(request: SignedInRequest) -> HttpResponse:
    """Answer the patients to choose from while a name is typed; first of all the recent ones."""
    typed = request.POST.get("q", "").strip()[:200]
    if typed:
        today = timezone.localdate()
        found = search_patients(request.user, typed, PatientFilter(), today=today, limit=OFFERED)
        offered = [hit.patient for hit in found]
    else:
        offered = recently_viewed(request.user)
    context = {"patients": offered, "typed": typed}
    return render(request, "appointments/_options.html", context)


@require_POST
@requires(Action.CREATE, Resource.APPOINTMENTS)
def warnings(request: SignedInRequest) -> HttpResponse:
    """Answer what there is to know of the visit as it stands in the form; it can be booked anyway."""
    form = AppointmentForm(request.POST, actor=request.user)
    try:
        changed = UUID(request.POST.get("appointment", ""))
    except ValueError:
        changed = None
    found = booking_warnings.warnings_of(request.user, form.wish(changed))
    return render(request, "appointments/_booking_warnings.html", {"warnings": found})


def _card(request: SignedInRequest, appointment: Appointment, problem: str) -> HttpResponse:
    visit = selectors.visit_of(appointment, selectors.attendees_of(appointment, request.user))
    now = timezone.now()
    context = {
        "visit": visit,
        "now": now,
        "marks": marks.marks_of(request.user, [appointment], now=now),
        "all_places": request.POST.get("all_places") == "1",
        "problem": problem,
    }
    return render(request, "appointments/_visit.html", context)


def _form_page(
    request: SignedInRequest,
    form: AppointmentForm,
    *,
    appointment: Appointment | None = None,
    error: ValueError | None = None,
) -> HttpResponse:
    taken = error.clashes if isinstance(error, errors.SlotTakenError) else []
    is_final = isinstance(error, errors.SlotTakenError) and error.is_final
    clashes = [selectors.visit_of(clash) for clash in taken]
    if clashes:
        if not is_final:
            form.ask_about_clash()
    elif error is not None:
        form.add_error(None, str(error))
    context: dict[str, Any] = {
        "form": form,
        "appointment": appointment,
        "title": diary.title_of(appointment) if appointment else "",
        "patient": form.chosen_patient(),
        "clashes": clashes,
        "clash_is_final": is_final,
        "back_url": _day_of(appointment) if appointment else reverse("appointments:day"),
    }
    answer = 422 if request.method == "POST" else 200
    if _in_drawer(request):
        context["in_drawer"] = True
        return render(request, "appointments/_drawer_form.html", context, status=answer)
    return render(request, "appointments/edit.html", context, status=answer)


def _in_drawer(request: SignedInRequest) -> bool:
    return request.headers.get("HX-Target") == "diary-drawer"


def _drawer_done(said: str) -> HttpResponse:
    return trigger(add_toast(HttpResponse(), said), "diary:changed", "diary:close")


def _wishes(request: SignedInRequest) -> dict[str, Any]:
    """Answer what the link to the form already knows."""
    asked = request.GET
    mine = practitioner_of(request.user)
    return {
        "patient": asked.get("patient"),
        "date": _date(asked.get("date", "")) or timezone.localdate(),
        "time": asked.get("time"),
        "minutes": asked.get("minutes"),
        "practitioner": asked.get("practitioner") or (mine.pk if mine else None),
        "location": asked.get("location"),
        "appointment_type": asked.get("appointment_type"),
        "is_here": asked.get("is_here") == "on",
    }


def _location_tabs(sheet: selectors.DaySheet, chosen: str) -> list[dict[str, Any]]:
    counted = sum(sheet.by_location.values())
    tabs = [("", "All locations", counted)]
    tabs += [(str(p.pk), str(p), sheet.by_location[p.pk]) for p in sheet.locations]
    if sheet.by_location[None] or chosen == NOWHERE:
        tabs.append((NOWHERE, "No location", sheet.by_location[None]))
    return [
        {
            "value": value,
            "label": label,
            "url": _day_url(sheet.day, value),
            "active": value == chosen,
            "count": count,
        }
        for value, label, count in tabs
    ]


def _day_url(shown: date, location: str) -> str:
    query = {"date": shown.isoformat(), **({"location": location} if location else {})}
    return reverse("appointments:day", query=query)


def _day_of(appointment: Appointment) -> str:
    return _day_url(appointment.starts_at.astimezone(zone_of(appointment.location)).date(), "")


def _location(chosen: str) -> Location | None:
    try:
        return Location.objects.filter(pk=UUID(chosen)).first()
    except ValueError:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _safe_next(request: SignedInRequest) -> str:
    url = request.POST.get("next", "")
    return url if url_has_allowed_host_and_scheme(url, {request.get_host()}) else ""
