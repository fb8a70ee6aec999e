from __future__ import annotations

import io
import re

import pytest

from config.stack.steps import Steps


class Terminal(io.StringIO):
    def isatty(self):
        return True


def without_times(text):
    return re.sub(r"\d+\.\d s", "T s", text)


def test_each_step_is_one_numbered_line_with_its_time():
    out = io.StringIO()
    steps = Steps(2, out)

    with steps.step("Starting"):
        steps.tick()
    with steps.step("Migrating") as step:
        step.say("Two clinics.")

    assert without_times(out.getvalue()) == (
        "[1/2] Starting … T s\n[2/2] Migrating … T s\n      Two clinics.\n"
    )


def test_a_step_that_fails_ends_its_line_before_the_message():
    out = io.StringIO()

    def fail() -> None:
        with Steps(1, out).step("Starting") as step:
            step.say("An earlier start was interrupted.")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert out.getvalue() == "[1/1] Starting …\n      An earlier start was interrupted.\n"


def test_a_terminal_shows_the_seconds_pass():
    out = Terminal()
    steps = Steps(1, out)

    with steps.step("Importing"):
        steps.tick()

    assert "\r[1/1] Importing … 0 s\x1b[K" in out.getvalue()
    assert without_times(out.getvalue()).endswith("\r[1/1] Importing …\x1b[K T s\n")
