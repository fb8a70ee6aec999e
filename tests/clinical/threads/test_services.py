from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404

from clinical.notices.models import Notice
from clinical.threads import selectors, services
from clinical.threads.models import Attachment, Participant, Thread
from clinical.threads.selectors import Show
from clinical.threads.services import TaskTerms

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def team(in_alpha, person):
    return tuple(
        person(role, name=name)
        for role, name in (("reception", "Robin"), ("clinician", "Kim Lee"), ("billing", "Bo"))
    )


def _notices() -> list[tuple[str, str, str]]:
    return [(one.user.name, one.kind, one.text) for one in Notice.objects.order_by("user__name")]


def _subjects(actor, show=Show.ALL, **more):
    return [one.subject for one in selectors.list_threads(actor, show, **more).threads]


def test_only_who_takes_part_reads_and_a_mention_brings_somebody_in(team, patient):
    robin, kim, bo = team
    thread = services.open_thread(
        actor=robin, at=NOW, subject="Splint", body="Ready?", patient=patient(), people=[kim]
    )

    assert (_subjects(kim), _subjects(bo)) == (["Splint"], [])
    assert (selectors.count_unread(robin), selectors.count_unread(kim)) == (0, 1)
    with pytest.raises(Http404):
        selectors.get_thread(bo, thread.pk)
    with pytest.raises(services.NotAllowedToReadError):
        services.add_post(thread, actor=bo, at=NOW, body="I read along")

    services.add_post(thread, actor=kim, at=SOON, body="Yes. @bo bills it.")

    assert selectors.get_thread(bo, thread.pk) == thread
    assert _notices() == [
        ("Bo", "mention", "Kim Lee mentioned you in “Splint”"),
        ("Kim Lee", "message", "Robin: Splint"),
        ("Robin", "message", "Kim Lee: Splint"),
    ]
    services.mark_read(thread, actor=bo, at=SOON)
    assert (selectors.count_unread(bo), _subjects(bo, Show.UNREAD)) == (0, [])
    services.mark_unread(thread, actor=bo, at=SOON)
    assert [post.is_new for post in selectors.posts_of(bo, thread, now=SOON)] == [False, True]


def test_a_coordinator_is_nobody_to_write_to_and_reads_nothing(team, person, patient):
    robin, _kim, _bo = team
    outside = person("coordinator", name="Cora")
    thread = services.open_thread(
        actor=robin, at=NOW, subject="All", body="@Cora hello", for_team=True
    )

    assert not Participant.objects.filter(user=outside).exists()
    assert _subjects(outside) == []
    with pytest.raises(services.NotAllowedToReadError, match="Cora"):
        services.add_people(thread, [outside], actor=robin, at=NOW)
    with pytest.raises(services.NotAllowedToReadError):
        services.open_thread(actor=robin, at=NOW, subject="x", body="y", people=[outside])
    with pytest.raises(services.NotAllowedToReadError):
        services.set_task(thread, TaskTerms(outside), actor=robin, at=NOW)
    with pytest.raises(PermissionDenied):
        services.open_thread(actor=outside, at=NOW, subject="x", body="y", for_team=True)


def test_a_task_goes_from_hand_to_hand_is_done_and_taken_up_again(team):
    robin, kim, bo = team
    thread = services.open_thread(
        actor=robin, at=NOW, subject="Call the GP", body="", task=TaskTerms(kim, date(2026, 11, 20)),
        files=[SimpleUploadedFile("gp.txt", b"0491 570 006")],
    )  # fmt: skip

    assert (_subjects(kim, Show.MINE), _subjects(robin, Show.GIVEN)) == (["Call the GP"],) * 2
    services.set_task(thread, TaskTerms(bo, None, 1), actor=kim, at=SOON)
    assert (_subjects(kim, Show.MINE), _subjects(bo, Show.MINE)) == ([], ["Call the GP"])
    with pytest.raises(services.TaskError):
        services.leave(thread, actor=bo, at=SOON)
    services.finish_task(thread, actor=bo, at=SOON)
    assert (thread.done_by, _subjects(bo, Show.DONE), _subjects(bo, Show.TASKS)) == (
        "Bo", ["Call the GP"], [],
    )  # fmt: skip
    for late in (services.finish_task,):
        with pytest.raises(services.TaskError):
            late(thread, actor=kim, at=SOON)
    services.reopen_task(thread, actor=robin, at=SOON)
    assert Thread.objects.get().task == "open"
    assert [one.body for one in thread.posts.filter(is_event=True)] == [
        "gave the task to Bo", "marked it done", "reopened it",
    ]  # fmt: skip
    assert {who: text for who, _, text in _notices()} == {
        "Bo": "Robin has reopened “Call the GP”",
        "Kim Lee": "Robin gave you a task: “Call the GP”",
        "Robin": "Bo has done “Call the GP”",
    }
    services.drop_task(thread, actor=robin, at=SOON)
    assert not Thread.objects.get().is_task


def test_words_are_changed_by_their_author_while_fresh_and_it_shows(team):
    robin, kim, bo = team
    thread = services.open_thread(actor=robin, at=NOW, subject="s", body="Tuesday", people=[kim])
    post = thread.posts.get()

    with pytest.raises(services.TooLateToEditError):
        services.edit_post(post, actor=kim, at=SOON, body="mine")
    services.edit_post(post, actor=robin, at=SOON, body="Wednesday @Bo")
    post.refresh_from_db()
    assert (post.body, post.edited_at) == ("Wednesday @Bo", SOON)
    assert selectors.count_unread(bo) == 1
    with pytest.raises(services.TooLateToEditError):
        services.edit_post(post, actor=robin, at=NOW + timedelta(minutes=10), body="late")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"body": "alone"}, "Choose who"),
        ({"body": " ", "for_team": True}, "Write something"),
        (
            {"body": "x", "for_team": True, "files": [SimpleUploadedFile("a.exe", b"MZ\0\0\1")]},
            "Windows program",
        ),
        (
            {"body": "x", "for_team": True, "files": [SimpleUploadedFile("a", b"a")] * 9},
            "At most 8",
        ),
    ],
)
def test_what_cannot_be_sent_says_why(team, more, problem):
    with pytest.raises(services.ThreadError, match=problem):
        services.open_thread(actor=team[0], at=NOW, subject="s", **more)

    assert not Attachment.objects.exists()


def test_the_list_costs_the_same_for_one_and_for_many(team, patient, django_assert_num_queries):
    robin, kim, bo = team
    someone = patient()

    def write(count):
        for number in range(count):
            thread = services.open_thread(
                actor=robin, at=NOW, subject=f"s{number}", body="x", people=[kim, bo],
                patient=someone, task=TaskTerms(kim),
            )  # fmt: skip
        return thread

    write(1)
    with django_assert_num_queries(2):
        assert len(selectors.list_threads(kim, Show.ALL).threads) == 1
    thread = write(12)
    with django_assert_num_queries(2):
        assert len(selectors.list_threads(kim, Show.ALL).threads) == 13
    for _ in range(10):
        services.add_post(thread, actor=kim, at=SOON, body="@Robin")
    with django_assert_num_queries(4):
        assert len(selectors.posts_of(kim, thread)) == 11
    assert _subjects(kim, text="north s3") == ["s3"]
    assert _subjects(kim)[0] == "s11"
    assert _subjects(kim, text="robin nowhere") == []
