"""What stands in the log lines and error reports when something goes wrong over a patient's record."""

from __future__ import annotations

import io
import json
import logging
from logging.config import dictConfig

import pytest
from celery import shared_task

from config import access, logs
from tests.security.conftest import SECRET


@pytest.fixture
def lines():
    """The log as it runs for real, and a way to read it; the test run's own set-up comes back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    dictConfig(logs.configuration(level="INFO"))
    stream = io.StringIO()
    root.handlers[0].setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)


def _stumble():
    try:
        int(SECRET)
    except ValueError as error:
        raise LookupError(f"no patient {SECRET}") from error


def test_a_traceback_says_where_and_which_but_quotes_nothing(lines):
    try:
        _stumble()
    except LookupError:
        logging.getLogger("clinical").exception("could not be read")

    (line,) = lines()
    assert SECRET not in json.dumps(line)
    assert line["event"] == "could not be read"
    assert "_stumble" in line["exception"]
    assert "builtins.ValueError" in line["exception"]
    assert line["exception"].endswith("builtins.LookupError")


def test_a_field_that_is_not_on_the_list_is_left_out(lines):
    logging.getLogger("clinical").info("saved", extra={"patient": SECRET})

    assert SECRET not in json.dumps(lines())


def test_a_line_break_in_what_somebody_sent_stays_in_one_line(lines):
    logging.getLogger("django.security").warning("bad host %s", 'a\n{"event": "forged"}\r\nb')

    assert len(lines()) == 1


@pytest.mark.parametrize("outcome", ["fails", "answers", "is tried again"])
def test_a_task_is_logged_without_what_it_answers_or_its_error_says(lines, outcome):
    from celery.app.trace import build_tracer
    from celery.exceptions import Retry

    @shared_task(name=f"security.{outcome.replace(' ', '_')}")
    def task() -> str:
        if outcome == "fails":
            _stumble()
        if outcome == "is tried again":
            raise Retry(exc=ValueError(SECRET))
        return SECRET

    trace = build_tracer(task.name, task, app=task.app, eager=False)
    trace("the-id", (), {}, request={"id": "the-id", "is_eager": False})

    told = lines()
    assert SECRET not in json.dumps(told)
    assert any("the-id" in line["event"] for line in told)


def test_an_error_report_carries_no_value():
    event = {
        "request": {"method": "POST", "url": f"/?q={SECRET}", "data": SECRET, "headers": {}},
        "user": {"email": SECRET},
        "extra": {"args": SECRET},
        "logentry": {"message": "no %s", "formatted": f"no {SECRET}", "params": [SECRET]},
        "exception": {"values": [{"type": "ValueError", "value": SECRET}]},
    }

    sent = logs._scrub(event, {})

    assert SECRET not in json.dumps(sent)
    assert sent["request"] == {"method": "POST"}


def test_the_access_log_names_routes_and_no_addresses(alpha, client):
    """A path may hold an invitation's token; a query what was looked for."""
    assert not {"%(r)s", "%(U)s", "%(q)s", "%(f)s", "%({raw_uri}e)s"} & set(
        access.LOG_FORMAT.replace('"', " ").split()
    )

    response = client.get("/join/the-token/", headers={"host": alpha.host})

    assert response.wsgi_request.META[access.ROUTE] == "join/<str:token>/"
