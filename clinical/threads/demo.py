"""What the team of a demo clinic writes to each other; every sentence is invented."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from clinical.notices.models import Notice
from clinical.patients.models import Patient
from clinical.threads.mentions import mentioned
from clinical.threads.models import Participant, Post, Thread
from clinical.threads.rules import who_may_take_part

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from accounts.models import User

_TALKS = (
    (True, False, 26, "Splints are in",
     ("The two resting splints have come, they are in the cupboard at the front desk.",
      "Thank you. I will fit the first one on the next visit.")),
    (True, True, 3, "Call the GP about the referral",
     ("The referral ran out last week and there are visits booked. Could you ask for a new one?",)),
    (False, False, 50, "Room 2 on Thursday",
     ("The plinth in room 2 is being repaired on Thursday morning. Please use room 4.",
      "Moved my two morning visits.", "Mine too, thank you for saying so early.")),
    (True, True, 8, "Home visit: gate code has changed",
     ("The family says that the gate code has changed. Please write the new one into the record.",)),
    (True, True, 70, "NDIS plan review letter",
     ("The coordinator needs the progress letter before the plan review.",
      "Draft is there, please look over it.", "Read it, only the dates need care.")),
    (False, True, 120, "Order theraband",
     ("Red and green are nearly gone.", "Ordered, should be here on Monday.")),
    (True, False, 5, "Please ring back today",
     ("She rang about the exercises: the second one hurts. Could somebody ring back today?",)),
    (False, False, 30, "Team meeting on Wednesday",
     ("Agenda so far: new telehealth rooms, cover over the holidays. Anything else?",)),
)  # fmt: skip


def fill(chance: random.Random, now: datetime) -> None:
    """Write some talks and tasks of the last days into a clinic that has none."""
    people = list(who_may_take_part())
    patients = list(Patient.objects.filter(is_archived=False)[:40])
    if Thread.objects.exists() or not people or not patients:
        return
    today = timezone.localdate(now)
    threads, posts, participants, notices = [], [], [], []
    for about, is_task, hours, subject, said in _TALKS:
        begun = now - timedelta(hours=hours)
        some = chance.sample(people, min(len(people), 3))
        is_done = is_task and hours > 100  # noqa: PLR2004 - the oldest is done
        thread = Thread(
            patient=chance.choice(patients) if about else None,
            subject=subject,
            is_for_team=not about,
            author=some[0],
            task="done" if is_done else "open" if is_task else "",
            assignee=some[-1] if is_task else None,
            due_on=today + timedelta(days=chance.choice((-1, 0, 2, 5))) if is_task else None,
            priority=chance.choice((1, 2, 2)) if is_task else 2,
            done_at=now - timedelta(hours=20) if is_done else None,
            done_by=some[-1].name if is_done else "",
            created_at=begun,
            last_post_at=begun + timedelta(minutes=25 * (len(said) - 1)),
        )
        threads.append(thread)
        for number, words in enumerate(said):
            author = some[number % len(some)]
            body = f"@{some[-1].name} {words}" if is_task and not number else words
            at = begun + timedelta(minutes=25 * number)
            posts.append(
                Post(
                    thread=thread, author=author, author_name=author.name, body=body, created_at=at
                )
            )
        last = posts[-1].author
        is_new = hours < 12 and not is_done  # noqa: PLR2004 - since this morning
        for person in some if about else people:
            unread = thread.last_post_at if is_new and person != last else None
            participants.append(Participant(thread=thread, user=person, unread_since=unread))
            if unread:
                notices.append(_notice(thread, person, at=unread))
    Thread.objects.bulk_create(threads)
    Post.objects.bulk_create(posts)
    Participant.objects.bulk_create(participants)
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    mentions = Post.mentions.through
    mentions.objects.bulk_create(
        mentions(post=post, user=person)
        for post in posts
        for person in mentioned(post.body, people)
    )


def _notice(thread: Thread, person: User, *, at: datetime) -> Notice:
    author = thread.author.name if thread.author else "Somebody"
    is_theirs = thread.assignee == person
    return Notice(
        user=person,
        kind="task" if is_theirs else "message",
        key=f"thread:{thread.pk}",
        text=f"{author} gave you a task: “{thread.subject}”"
        if is_theirs
        else f"{author}: {thread.subject}",
        url=reverse("threads:detail", urlconf=settings.CLINIC_URLCONF, kwargs={"pk": thread.pk}),
        patient=thread.patient,
        created_at=at,
    )
