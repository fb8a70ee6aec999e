"""Damaged and hostile answers: named errors only, in bounded time."""

import json
import random
import time

import pytest

from onboarding.filemaker.live import errors
from onboarding.filemaker.live.answers import Literal, has_rounded, number_of, parse_json, text_of
from onboarding.filemaker.live.dataapi import DataApiClient
from onboarding.filemaker.live.dataapi_source import DataApiSource
from onboarding.filemaker.live.odata import ODataClient
from onboarding.filemaker.live.odata_metadata import parse_metadata
from onboarding.filemaker.live.odata_source import ODataSource
from onboarding.filemaker.live.transport import Answer, Clock, Limits
from tests.onboarding.filemaker.live.double.dataapi import DataApi
from tests.onboarding.filemaker.live.double.odata import OData

SECONDS = 10
ODD = (None, True, [], {}, "", "x", -1, 1.5, 10**30, "9" * 400, "\ud800", [[[]]], {"code": 0}, "0")


class Line:
    """A transport without a network: the double's own answers, each damaged on its way."""

    def __init__(self, double, rng, damage):
        self.double, self.rng, self.damage = double, rng, damage
        self.limits, self.clock = Limits(), Clock(sleep=lambda _: None)
        self.server = _Here()
        self.calls = 0

    def request(self, method, target, *, headers=None, body=None):
        self.calls += 1
        if self.calls > 3_000:
            raise errors.ServerSilentError
        path, _, query = target.partition("?")
        if path.startswith("/fmi/odata"):
            status, content, more = OData(self.double).answer(method, path, query, headers)
        else:
            status, content, more = DataApi(self.double).answer(method, path, query, headers, body)
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        if method == "GET":
            raw = self.damage(raw, self.rng)
        return Answer(status, {k.lower(): v for k, v in more.items()}, raw)

    def download(self, _url, _into, **_):
        return Answer(404, {}, b"")

    def pause(self, _attempt):
        pass

    def close(self):
        pass


class _Here:
    netloc = "localhost"

    @staticmethod
    def is_origin_of(url):
        return url.startswith("https://localhost")


def bytes_changed(raw, rng):
    found = bytearray(raw)
    for _ in range(rng.choice((0, 0, 0, 1, 5))):
        if found:
            found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def cut(raw, rng):
    return raw[: rng.randrange(len(raw) + 1)] if rng.random() < 0.7 else raw


def values_swapped(raw, rng):
    """Put odd values in odd places of an answer that is otherwise whole."""
    if rng.random() < 0.5:
        return raw
    try:
        answer = json.loads(raw)
    except ValueError:
        return raw
    nodes = [answer]
    for node in nodes:
        inner = node.values() if isinstance(node, dict) else node
        nodes.extend(entry for entry in inner if isinstance(entry, dict | list) and entry)
    node = rng.choice(nodes)
    keys = list(node) if isinstance(node, dict) else range(len(node))
    if keys:
        node[rng.choice(list(keys))] = rng.choice(ODD)
    return json.dumps(answer).encode()


def read_all(source):
    for table in source.tables():
        source.fields(table.id)
        source.global_values(table.id)
        for _ in source.records(table.id):
            pass
        for _ in source.containers(table.id):
            pass
    source.value_lists()


@pytest.mark.parametrize("damage", [bytes_changed, cut, values_swapped])
@pytest.mark.parametrize("kind", ["data-api", "odata"])
def test_damaged_answers_end_in_named_errors_and_in_time(double, damage, kind):
    ends, began, runs = set(), time.monotonic(), 0
    for table in double.databases["Clinic"].tables:
        del table.records[150:]
    while runs < 60 and time.monotonic() - began < SECONDS / 2:
        runs += 1
        line = Line(double, random.Random(runs), damage)
        asked = {"account": double.account, "password": double.password}
        try:
            if kind == "odata":
                read_all(ODataSource(ODataClient(line, "Clinic", **asked)))
            else:
                read_all(DataApiSource(DataApiClient(line, "Clinic", **asked)))
            ends.add("whole")
        except errors.LiveSourceError as error:
            ends.add(error.code)
    double.sessions.clear()

    assert runs > 3
    assert "broken-answer" in ends
    assert time.monotonic() - began < SECONDS


def test_damaged_metadata_ends_in_a_named_error_and_in_time(shared):
    whole = (shared / "api" / "fmodata_metadata_fms22.xml").read_bytes()[:200_000]
    whole += (shared / "api" / "fmodata_metadata_fms22.xml").read_bytes()[-60_000:]
    rng, began = random.Random(7), time.monotonic()
    for _ in range(60):
        document = bytes_changed(whole, rng)
        try:
            parse_metadata(document)
        except errors.BrokenAnswerError:
            continue

    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'"\xff"',
        b"1 2",
        b"",
    ],
)
def test_hostile_json_is_refused_quickly(body):
    began = time.monotonic()
    with pytest.raises(errors.BrokenAnswerError):
        parse_json(body)

    assert time.monotonic() - began < 2


def test_numbers_keep_what_is_written():
    found = parse_json(b'{"a": 0.10, "b": 12345678901234567890123, "c": 1.5e3, "d": "1.50"}')

    assert [text_of(found[key]) for key in "abcd"] == [
        "0.10",
        "12345678901234567890123",
        "1500",
        "1.50",
    ]
    assert [has_rounded(found[key]) for key in "abcd"] == [False, True, False, False]


@pytest.mark.parametrize("literal", ["1e999999999", "-1e-999999999", "1e1001", "9" * 100_000])
def test_a_huge_number_takes_neither_time_nor_memory(literal):
    began = time.monotonic()

    assert text_of(Literal(literal)) == literal
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("value", [None, True, -1, "", "x", "-1", "1.0", "१", "9" * 19, [], {}, 5])
def test_only_a_plain_whole_number_is_an_id(value):
    with pytest.raises(errors.BrokenAnswerError):
        number_of(value)


def test_half_a_character_is_replaced():
    assert text_of(parse_json(b'"a\\ud83db"')) == "a\ufffdb"
    assert text_of(parse_json(b'"\\ud83d\\ude00"')) == "\U0001f600"
