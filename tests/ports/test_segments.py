"""What a text comes to, judged by the calculator of a vendor."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ports.segments import BASIC, EXTENDED, count, normalise

NODE = Path(__file__).parents[1] / "peers" / "node"
ORACLE = """
const {SegmentedMessage} = require('sms-segments-calculator');
require('readline').createInterface({input: process.stdin}).on('line', line => {
  const m = new SegmentedMessage(JSON.parse(line));
  console.log(JSON.stringify([m.encodingName, m.segmentsCount]));
});
"""
GSM = st.sampled_from(sorted(BASIC | EXTENDED - {"\r"}))
ODD = st.sampled_from(
    ["ж", "中", "ç", "’", "😀", "👍🏽", "👩‍⚕️", "🇦🇺", "e\u0301", "\u200d", "़", "漢"]
)


@pytest.fixture(scope="module")
def oracle():
    """One process for all questions."""
    if not shutil.which("node") or not (NODE / "node_modules" / "sms-segments-calculator").exists():
        pytest.skip("sms-segments-calculator is not installed (npm ci in tests/peers/node)")
    peer = subprocess.Popen(
        ["node", "-e", ORACLE],
        cwd=NODE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )

    def ask(text: str) -> tuple[str, int]:
        peer.stdin.write(json.dumps(text) + "\n")
        peer.stdin.flush()
        encoding, segments = json.loads(peer.stdout.readline())
        return encoding, segments

    yield ask
    peer.stdin.close()
    peer.wait(10)
    peer.stdout.close()


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.lists(GSM, min_size=1, max_size=340),
        st.lists(GSM, min_size=150, max_size=170),
        st.lists(st.one_of(GSM, ODD), min_size=1, max_size=150),
        st.lists(ODD, min_size=30, max_size=80),
    ).map("".join)
)
def test_every_text_counts_as_the_vendors_own_calculator_counts_it(oracle, text):
    counted = count(text)

    assert (counted.encoding, counted.segments) == oracle(text)


def test_the_limits_of_both_alphabets_are_met_to_the_character(oracle):
    texts = [
        filler * length
        for filler, lengths in {
            "a": (1, 159, 160, 161, 306, 307, 459, 460),
            "€": (80, 81, 76, 77, 153, 154),
            "я": (70, 71, 134, 135),
            "😀": (35, 36, 66, 67, 99, 100),
        }.items()
        for length in lengths
    ] + ["a" * 152 + "€" * 6, "я" * 66 + "😀" + "я" * 10, "a\r\nb", "[x]" * 53 + "y"]

    found = [(count(text).encoding, count(text).segments) for text in texts]

    assert found == [oracle(text) for text in texts]


def test_marks_of_a_word_processor_do_not_make_a_text_dearer():
    typed = "“Hi” – it’s Alex…\r\nSee\u00a0you\u200b • bye e\u0301"

    plain = normalise(typed)

    assert plain == '"Hi" - it\'s Alex...\nSee you - bye é'
    assert count(plain).is_gsm
    assert not count(typed).is_gsm


def test_the_author_is_told_which_characters_cost_and_how_many_are_left():
    plain, dear, none = count("Hello"), count("Hello ж 中 ж"), count("")

    assert (plain.units, plain.left, plain.odd) == (5, 155, ())
    assert (dear.encoding, dear.left, dear.odd) == ("UCS-2", 59, ("ж", "中"))
    assert (none.segments, none.left) == (0, 160)
