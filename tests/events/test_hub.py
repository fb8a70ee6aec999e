"""Who is told what: only what is of the listener's clinic, person and topics, whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.admission import Listener
from events.channels import ALIVE, LOOK, LOST, Channels
from events.hub import MOST_WAITING, STREAMS_OF_A_PERSON, Hub, TooManyStreamsError
from events.messages import Message, MessageError

CHANNELS = Channels("nexus")
ANN, BEN = "019b0000-0000-7000-8000-000000000001", "019b0000-0000-7000-8000-000000000002"


def hub() -> Hub:
    return Hub(redis_url="redis://127.0.0.1:1/0", channels=CHANNELS)


tenants, people = st.integers(1, 3), st.sampled_from([ANN, BEN])
topics = st.sampled_from(["diary", "waiting", "notices", "account", "unknown"])
messages = st.builds(
    Message,
    tenant=tenants,
    topic=topics,
    user=st.one_of(st.just(""), people),
    first=st.sampled_from(["", "2026-11-21"]),
)
listeners = st.builds(
    Listener,
    tenant_id=tenants,
    user_id=people,
    topics=st.frozensets(st.sampled_from(["diary", "waiting", "notices"])),
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(listeners, min_size=1, max_size=5),
    st.lists(st.tuples(tenants, messages), min_size=1, max_size=20),
)
def test_every_word_on_a_stream_is_of_its_clinic_person_and_topics(who, said):
    house = hub()
    with_streams = [(listener, house.joined(listener)) for listener in who]
    streams = [(listener, joined.__enter__()) for listener, joined in with_streams]

    for channel, message in said:
        house.dispatch(CHANNELS.of_clinic(channel).encode(), message.payload().encode())

    for listener, stream in streams:
        mine = [
            ("change", message.for_browser())
            for channel, message in said
            if channel == message.tenant == listener.tenant_id
            and message.topic in listener.topics
            and (message.user or message.topic != "notices")
            and message.user in {"", listener.user_id}
        ]
        assert stream.take() == list(dict.fromkeys(mine))
        assert stream.is_doubted == any(
            channel == message.tenant == listener.tenant_id
            and (message.topic, message.user) == ("account", listener.user_id)
            for channel, message in said
        )


def test_streams_are_told_when_they_hear_nothing_and_when_to_look_again():
    house = hub()
    everyone = CHANNELS.everyone.encode()
    with house.joined(Listener(1, ANN, frozenset({"diary"}))) as stream:
        for word, told in (
            (ALIVE, ["look"]),
            (ALIVE, []),
            (LOOK, ["look"]),
            (LOST, ["paused"]),
            (LOST, []),
            (ALIVE, ["look"]),
        ):
            house.dispatch(everyone, word)

            assert [event for event, _ in stream.take()] == told


def test_a_slow_reader_is_told_to_look_at_everything():
    with hub().joined(Listener(1, ANN, frozenset({"diary"}))) as stream:
        for number in range(MOST_WAITING + 1):
            stream.tell("change", str(number))

        assert [event for event, _ in stream.take()] == ["look", "change"]


def test_a_person_has_so_many_streams_and_gets_them_back():
    house = hub()
    listener = Listener(1, ANN, frozenset({"diary"}))
    opened = [house.joined(listener) for _ in range(STREAMS_OF_A_PERSON)]
    for joined in opened:
        joined.__enter__()

    with pytest.raises(TooManyStreamsError), house.joined(listener):
        pass
    with (
        house.joined(Listener(1, BEN, frozenset({"diary"}))),
        house.joined(Listener(2, ANN, frozenset({"diary"}))),
    ):
        assert len(house.streams) == STREAMS_OF_A_PERSON + 2
    for joined in opened:
        joined.__exit__(None, None, None)

    assert house.streams == []
    with house.joined(listener):
        pass


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"x",
        b"[]",
        b"{}",
        b'{"tenant": "1", "topic": "diary"}',
        b'{"tenant": true, "topic": "diary"}',
        b'{"tenant": 1, "topic": "Diary <b>"}',
        b'{"tenant": 1, "topic": "diary", "user": "me"}',
        b'{"tenant": 1, "topic": "diary", "from": "soon"}',
        b'{"tenant": 1, "topic": "diary", "until": 3}',
        b'{"tenant": 1, "topic": "diary", "note": "' + b"x" * 600 + b'"}',
    ],
)
def test_what_nobody_of_ours_says_is_not_passed_on(payload):
    with pytest.raises(MessageError):
        Message.parse(payload)


def test_words_of_a_page_beyond_the_message_are_dropped():
    said = b'{"tenant": 1, "topic": "diary", "patient": "Ada", "from": "2026-11-21"}'

    assert "Ada" not in Message.parse(said).payload() + Message.parse(said).for_browser()
