"""What a patient sees on a link: one question at a time, and nothing else of the clinic.

Whoever comes here is nobody. A link that is wrong, used up by time or cancelled is answered alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import throttle
from clinical.measures import links, repeats, selectors
from clinical.measures.forms import Field, written
from clinical.measures.scoring import AnswerError, read_answer
from clinical.measures.services import MeasureError
from ui.errors import too_many_requests, unavailable

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from clinical.measures.instruments import Instrument, Item
    from clinical.measures.models import PatientLink

END = "end"
MINUTES_AN_ITEM = 0.35


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponseBase:
    """Ask the patient behind the token; nothing is told of whoever else is signed in."""
    request.user = AnonymousUser()
    try:
        link = links.find_link(token, at=timezone.now())
        if link is None:
            throttle.admit_link_missed()
            return _sealed(render(request, "measures/public/ended.html", status=404))
        if request.method == "POST":
            throttle.admit_link_answer(link.pk)
    except throttle.TooManyAttemptsError as error:
        return too_many_requests(request, retry_after=error.retry_after)
    except throttle.ThrottleUnavailableError:
        return unavailable(request)
    if link.finished_at is not None:
        return _sealed(_thanks(request, link))
    if request.method == "POST":
        return _sealed(_take(request, link, token))
    return _sealed(_show(request, link, request.GET.get("n", "")))


def _show(request: HttpRequest, link: PatientLink, n: str) -> HttpResponse:
    instrument = links.instrument_of(link)
    items = instrument.items
    if n == END:
        return _review(request, link)
    if n.isdecimal() and 1 <= int(n) <= len(items):
        return _question(request, link, int(n))
    context = _frame(link, instrument) | {
        "count": len(items),
        "repeats": link.repeat is not None and link.repeat.stopped_at is None,
        "minutes": max(1, round(len(items) * MINUTES_AN_ITEM)),
        "go_on": _first_open(link, instrument) if link.assessment else 0,
    }
    return render(request, "measures/public/begin.html", context)


def _take(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """Keep one answer and go to the next question, or finish."""
    instrument, now = links.instrument_of(link), timezone.now()
    here = reverse("measures:answer", args=[token])
    if "decline" in request.POST and link.repeat is not None:
        repeats.decline(link, at=now)
        return render(request, "measures/public/declined.html")
    if "finish" in request.POST:
        return _finish(request, link, here)
    n = request.POST.get("n", "")
    if not n.isdecimal() or not 1 <= int(n) <= len(instrument.items):
        return redirect(here)
    number = int(n)
    item = instrument.items[number - 1]
    typed, words = request.POST.get("answer", ""), request.POST.get("words", "")
    try:
        given = read_answer(item, typed, words)
        _check_whole(item, given)
        links.save_answer(link, item, given, at=now)
    except AnswerError as error:
        return _question(request, link, number, problem=str(error), typed=typed, words=words)
    except MeasureError:
        return redirect(here)
    has_no_more = item.is_written and item.optional and given is None
    following = END if has_no_more or number == len(instrument.items) else number + 1
    return redirect(f"{here}?n={following}")


def _finish(request: HttpRequest, link: PatientLink, here: str) -> HttpResponse:
    try:
        links.finish_link(link, at=timezone.now())
    except MeasureError as error:
        return _review(request, link, problem=str(error))
    return redirect(here)


def _check_whole(item: Item, given: Any) -> None:
    """Ask for both: what the activity is, and how it goes."""
    if item.is_written and given and bool(given["words"]) != (given["points"] is not None):
        raise AnswerError(item, "Name the activity and choose a number from 0 to 10.")


def _question(request: HttpRequest, link: PatientLink, number: int, **tried: str) -> HttpResponse:
    instrument = links.instrument_of(link)
    item = instrument.items[number - 1]
    value, words = written(links.answers_of(link).get(item.key))
    field = Field(item, number, tried.get("typed", value), tried.get("words", words), "")
    context = _frame(link, instrument) | {
        "field": field,
        "number": number,
        "count": len(instrument.items),
        "before": number - 1,
        "may_skip": item.optional or instrument.scoring.missing > 0 or not item.scored,
        "section": _section_of(instrument, item),
        "problem": tried.get("problem", ""),
    }
    status = 422 if tried else 200
    return render(request, "measures/public/question.html", context, status=status)


def _review(request: HttpRequest, link: PatientLink, *, problem: str = "") -> HttpResponse:
    instrument, answers = links.instrument_of(link), links.answers_of(link)
    fields = [
        Field(item, number, *written(answers.get(item.key)), "")
        for number, item in enumerate(instrument.items, 1)
    ]
    result = links.scored_so_far(link, at=timezone.now())
    context = _frame(link, instrument) | {
        "fields": fields,
        "count": len(fields),
        "is_ready": result.score is not None,
        "first_open": _first_open(link, instrument),
        "problem": problem,
    }
    status = 422 if problem else 200
    return render(request, "measures/public/review.html", context, status=status)


def _thanks(request: HttpRequest, link: PatientLink) -> HttpResponse:
    """Say thank you; where the questions were about mood, say where help is, whatever was answered."""
    instrument = links.instrument_of(link)
    asks_of_crisis = any(item.alert_from is not None for item in instrument.items)
    zone = timezone.get_current_timezone_name()
    context = _frame(link, instrument) | {
        "crisis": selectors.crisis_text(zone) if asks_of_crisis else "",
        "is_urgent": bool(link.assessment and link.assessment.needs_look),
    }
    return render(request, "measures/public/thanks.html", context)


def _frame(link: PatientLink, instrument: Instrument) -> dict[str, Any]:
    """Answer what every page shows. Where help is stands there as soon as an answer calls for it.

    Somebody who stops half way has not sent anything yet, so nobody else knows.
    """
    calls_for_help = links.scored_so_far(link, at=timezone.now()).alerts
    zone = timezone.get_current_timezone_name()
    return {
        "first_name": links.first_name(link.patient),
        "instrument": instrument,
        "help_now": selectors.crisis_text(zone) if calls_for_help else "",
    }


def _first_open(link: PatientLink, instrument: Instrument) -> int:
    """Answer the number of the first question without an answer; 0 where there is none."""
    answers = links.answers_of(link)
    for number, item in enumerate(instrument.items, 1):
        if not written(answers.get(item.key))[0] and not item.optional:
            return number
    return 0


def _section_of(instrument: Instrument, item: Item) -> str:
    return next(one.title for one in instrument.sections if item in one.items)


def _sealed(response: HttpResponse) -> HttpResponse:
    """Keep the address, which is the key, out of search engines; other sites are never told it.

    No stricter than the policy of all pages (`same-origin`): without an origin a browser's form is
    refused as a forgery.
    """
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
