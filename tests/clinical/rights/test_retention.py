"""How long records are kept, for all at once, as a plain reading of the policy says for each."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from clinical.patients.models import Patient
from clinical.rights import policy as policies
from clinical.rights import services
from clinical.rights.models import RetentionFact, RightsSettings
from clinical.rights.policy import PolicyError, policy_named, policy_of, years_after
from clinical.rights.retention import due_for_destruction, kept_of

TODAY = date(2026, 11, 21)


def reckoned(rule, *, entries, born, died, for_life):
    """Read the policy aloud, one person at a time."""
    if for_life and rule.is_for_life_if_impaired:
        return None
    days = [years_after(max(entries), rule.years)]
    if born is None:
        days.append(years_after(max(entries), rule.unknown_birth_years))
    elif min(entries) < years_after(born, rule.majority):
        days.append(years_after(born, rule.minor_until))
    if died:
        days.append(years_after(died, rule.deceased_years))
    return max(days)


@pytest.mark.parametrize("code", ["AU", "ZA"])
def test_all_are_reckoned_at_once_as_each_alone(code, in_alpha, appointment, patient):
    chance = random.Random(code)
    rule = policy_named(code).retention
    expected = {}
    for number in range(25):
        born = chance.choice([None, date(1940 + chance.randrange(75), 2, chance.choice([28, 1]))])
        one = patient(f"Person {number}", date_of_birth=born)
        entries = [
            datetime(2000 + chance.randrange(26), chance.randrange(1, 12), 28, 12, tzinfo=UTC)
            for _ in range(chance.randrange(4))
        ]
        for at in entries:
            appointment(at, patient=one)
        died = chance.choice([None, None, date(2020, 2, 29)])
        for_life = chance.random() < 0.2
        RetentionFact.objects.create(patient=one, died_on=died, is_for_life=for_life)
        days = [at.date() for at in entries] or [one.created_at.date()]
        expected[one.pk] = reckoned(rule, entries=days, born=born, died=died, for_life=for_life)

    found = kept_of(expected, rule, today=timezone.now().date())

    assert {pk: kept.until for pk, kept in found.items()} == expected
    today = timezone.now().date()
    due = {pk for pk, until in expected.items() if until and until < today}
    assert {kept.patient_id for kept in due_for_destruction(rule, today=today)} == due


def test_a_hold_keeps_what_nothing_else_keeps(in_alpha, patient, person, appointment, policy):
    actor, now = person("owner"), timezone.now()
    old = patient("Old Record", date_of_birth=date(1950, 1, 1))
    appointment(datetime(2001, 5, 5, tzinfo=UTC), patient=old)
    assert [
        kept.patient_id for kept in due_for_destruction(policy.retention, today=now.date())
    ] == [old.pk]

    hold = services.place_hold(old, actor=actor, at=now, why="A claim")
    assert due_for_destruction(policy.retention, today=now.date()) == []
    with pytest.raises(services.RightsError, match="must be kept"):
        services.ask_for_erasure(
            [old], actor=actor, at=now, policy=policy, basis="retention", reason="old"
        )
    services.lift_hold(hold, actor=actor, at=now, reason="settled")

    assert len(due_for_destruction(policy.retention, today=now.date())) == 1


def test_what_must_be_kept_is_not_asked_for_and_says_why(
    in_alpha, patient, person, appointment, policy
):
    child = patient("Young One", date_of_birth=date(2005, 6, 1))
    appointment(datetime(2015, 5, 5, tzinfo=UTC), patient=child)

    with pytest.raises(services.RightsError, match="Was a minor at an entry"):
        services.ask_for_erasure(
            [child], actor=person("owner"), at=timezone.now(), policy=policy, basis="retention",
            reason="old",
        )  # fmt: skip
    assert Patient.objects.filter(pk=child.pk).exists()


def test_every_jurisdiction_has_a_whole_policy_and_inherits_the_rest(in_alpha):
    assert set(policies.jurisdictions()) == {"AU", "AU-ACT", "AU-NSW", "AU-VIC", "ZA"}
    nsw, za = policy_named("AU-NSW"), policy_named("ZA")
    assert (nsw.retention.years, nsw.retention.minor_until) == (7, 25)
    assert (za.retention.years, za.retention.minor_until, za.breach_days) == (6, 21, 3)
    names = [p.reduced_name("Ada B North", place="register") for p in (policy_named("AU"), nsw)]
    assert names == ["A.B.N.", "Ada B North"]
    with pytest.raises(PolicyError, match="no policy file"):
        policy_named("XX")


def test_the_clinic_s_choice_goes_before_its_country(in_alpha, person):
    assert policy_of(in_alpha).code == "AU"
    services.choose_jurisdiction("AU-VIC", actor=person("owner"))
    assert policy_of(in_alpha).code == "AU-VIC"
    RightsSettings.objects.all().delete()
    in_alpha.region = "ZA"
    assert policy_of(in_alpha).code == "ZA"
    in_alpha.region = "NZ"
    assert policy_of(in_alpha).code == "AU"


def test_later_years_have_no_leap_day():
    assert years_after(date(2020, 2, 29), 7) == date(2027, 2, 28)
    assert TODAY + timedelta(days=0) == TODAY
