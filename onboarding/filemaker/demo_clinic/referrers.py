"""The demo clinic's address book, and the people around its patients."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from onboarding.filemaker.demo_clinic import names
from onboarding.filemaker.demo_clinic.facts import DemoClinicFacts
from onboarding.filemaker.demo_clinic.written import written_date
from onboarding.filemaker.fmp.writer import Record

if TYPE_CHECKING:
    from datetime import date

    from onboarding.filemaker.fmp.writer.writer import Cell, Value

_KINDS = (
    *(("GP", "General Practice", "Medical Centre"), ("GP", "General Practice", "Family Practice")),
    *(("Specialist", "Paediatrics", "Specialist Suites"), ("Specialist", "Neurology", "Hospital")),
    *(("Plan Manager", "", "Plan Management"), ("Support Coordinator", "", "Support Services")),
    ("Referrer", "School Counsellor", "Primary School"),
)
_RELATIONS = ("Mother", "Father", "Daughter", "Son", "Wife", "Husband", "Sister", "Neighbour")
OTHERS = 3
"""Repetitions of the fields for other contacts."""


def referrer_records(facts: DemoClinicFacts) -> Iterator[Record]:
    """Yield the doctors, plan managers and coordinators the clinic writes to."""
    rng = facts.chance("referrers")
    for id_ in range(1, facts.referrers + 1):
        kind, specialty, place = _KINDS[id_ % len(_KINDS)]
        suburb, state, postcode = names.PLACES[(id_ * 7) % len(names.PLACES)]
        given = rng.choice(names.GIVEN_FEMALE if id_ % 2 else names.GIVEN_MALE)
        family = names.FAMILY[id_ * 13 % len(names.FAMILY)]
        mail = f"{names.ascii_letters(given)}.{names.ascii_letters(family)}{id_}"
        is_doctor = kind in {"GP", "Specialist"}
        cells: dict[Cell, Value] = {
            "ID_Referrer": str(id_),
            "Title": "Dr" if is_doctor else rng.choice(("Ms", "Mr", "")),
            "Name First": given,
            "Name Last": f"{family}-{id_:03}",
            "Practice": f"{suburb} {place}",
            "Type": kind,
            "Specialty": specialty,
            "Provider No": names.provider_number(rng) if is_doctor else "",
            "Phone": names.written(rng, names.landline_digits(rng, state)),
            "Fax": names.written(rng, names.landline_digits(rng, state)) if id_ % 3 else "",
            "Email": f"{mail}@example.org" if id_ % 4 else "",
            "Address": f"{id_ * 3} {rng.choice(names.STREETS)}",
            "Suburb": suburb,
            "State": state,
            "Postcode": postcode,
            "Active": "1" if id_ % 9 else "0",
        }
        yield Record(id_, cells, rng.randrange(20))


def people_around(rng: Random, facts: DemoClinicFacts, arrived: "date") -> "dict[Cell, Value]":
    """Return the cells of a patient about whom to call, the GP, who referred, and anybody else."""
    cells: dict[Cell, Value] = {}
    if rng.random() < 0.7:  # noqa: PLR2004 - the share with somebody to call
        cells["Emergency Contact"] = _person(rng)
        cells["Emergency Phone"] = names.written(rng, names.mobile_digits(rng))
        cells["Emergency Relationship"] = rng.choice(_RELATIONS)
    if rng.random() < 0.6:  # noqa: PLR2004 - the share whose GP is known
        cells["GP Name"] = f"Dr {_person(rng)}"
        cells["GP Phone"] = names.written(rng, names.landline_digits(rng, "NSW"))
    if rng.random() < 0.5:  # noqa: PLR2004 - the share that was referred
        cells["Referrer ID"] = str(1 + rng.randrange(facts.referrers))
    for repetition in range(1, rng.choice((1, 1, 1, 2, 3, OTHERS + 1))):
        cells["Other Contact", repetition] = _person(rng)
        cells["Other Contact Phone", repetition] = names.written(rng, names.mobile_digits(rng))
        cells["Other Contact Relationship", repetition] = rng.choice(_RELATIONS)
    if rng.random() < 0.3:  # noqa: PLR2004 - the share with a coordinator's date
        since = arrived + timedelta(days=rng.randrange(400))
        cells["Coordinator Date"] = written_date(min(since, facts.today))
    return cells


def _person(rng: Random) -> str:
    given = rng.choice(rng.choice((names.GIVEN_FEMALE, names.GIVEN_MALE)))
    return f"{given} {rng.choice(names.FAMILY)}"
