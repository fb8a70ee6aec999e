"""The newest answer holds, all are kept, and what is missing is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from clinical.consents import facts, selectors, services
from clinical.consents.models import Consent, ConsentKind


@pytest.fixture
def actor(in_alpha, person):
    return person("reception")


@pytest.fixture
def today(in_alpha):
    return timezone.localdate()


def answer(patient, actor, key, said="given", *, ago=0, **more):
    today = timezone.localdate()
    return services.record_answer(
        patient,
        actor=actor,
        kind=ConsentKind.objects.get(key=key),
        answer=said,
        answered_on=today - timedelta(days=ago),
        today=today,
        **more,
    )


def test_a_clinic_starts_with_the_usual_consents(in_alpha):
    required = list(ConsentKind.objects.filter(is_required=True).values_list("key", flat=True))

    assert ConsentKind.objects.count() == 8
    assert required == ["treatment", "privacy"]


def test_the_newest_answer_holds_and_the_older_ones_stay(actor, patient, today):
    ada = patient()
    answer(ada, actor, "photos", ago=30)
    answer(ada, actor, "photos", "withdrawn", ago=2)
    answer(ada, actor, "photos", "given", ago=9)

    stand = {s.kind.key: s for s in selectors.stands_of(actor, ada, today)}["photos"]

    assert (stand.answer.answer, stand.is_given) == ("withdrawn", False)
    assert [c.answer for c in selectors.history_of(actor, ada)] == ["withdrawn", "given", "given"]


def test_what_is_required_and_does_not_stand_is_named(actor, patient, today):
    ada = patient()
    none_yet = [one.words for one in selectors.missing_of(ada, today)]
    answer(ada, actor, "treatment", ago=10, expires_on=today - timedelta(days=1))
    answer(ada, actor, "privacy", "refused")
    some = [one.words for one in selectors.missing_of(ada, today)]
    answer(ada, actor, "treatment")
    answer(ada, actor, "privacy")

    assert none_yet == [
        "Treatment (not asked)",
        "Collection of personal information (not asked)",
    ]
    assert some == ["Treatment (expired)", "Collection of personal information (refused)"]
    assert selectors.missing_of(ada, today) == []


def test_a_kind_that_is_asked_again_expires_by_itself(actor, patient, today):
    ConsentKind.objects.filter(key="telehealth").update(months=12)

    given = answer(patient(), actor, "telehealth")
    refused = answer(patient("Bea South"), actor, "telehealth", "refused")

    assert given.expires_on == services.months_after(today, 12)
    assert refused.expires_on is None


def test_an_answer_from_tomorrow_is_refused(actor, patient):
    with pytest.raises(services.AnswerFromTomorrowError):
        answer(patient(), actor, "photos", ago=-1)

    assert not Consent.objects.exists()


def test_who_may_be_reached_how(actor, patient, today):
    ada = patient()
    free = selectors.may_contact(ada, "sms", today=today)
    services.set_preferences(ada, actor=actor, fields={"no_phone": True})
    answer(ada, actor, "electronic", "withdrawn")

    assert free == ""
    assert selectors.may_contact(ada, "phone", today=today)
    assert selectors.may_contact(ada, "sms", today=today)
    assert selectors.may_contact(ada, "post", today=today) == ""


@pytest.mark.urls("config.urls_clinic")
def test_the_head_names_flags_needs_and_what_is_missing(actor, patient):
    ada = patient()
    services.set_preferences(
        ada,
        actor=actor,
        fields={"no_sms": True, "no_email": True, "needs_interpreter": True, "language": "Auslan"},
    )
    now = timezone.now()

    said = [item.title for item in facts.preferences(actor, ada, now)]
    missing = next(iter(facts.consents(actor, ada, now)))

    assert said == ["Do not contact by SMS or e-mail", "Needs an interpreter (Auslan)"]
    assert missing.title == "Consent missing"


def test_a_kind_keeps_its_key_and_names_stay_apart(in_alpha, person):
    owner = person("owner")
    fields = {"text": "", "is_required": False, "months": None, "order": 5, "is_active": True}
    made = services.save_kind(None, actor=owner, fields={**fields, "name": "Photos"})
    renamed = services.save_kind(made, actor=owner, fields={**fields, "name": "Pictures"})

    assert (made.key, renamed.key, renamed.name) == ("photos-2", "photos-2", "Pictures")
    with pytest.raises(services.NameTakenError):
        services.save_kind(None, actor=owner, fields={**fields, "name": "telehealth"})
