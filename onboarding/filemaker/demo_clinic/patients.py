"""The demo clinic's patients: who they are, and which of them have which defect."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from onboarding.filemaker.demo_clinic import names
from onboarding.filemaker.demo_clinic.facts import DemoClinicFacts
from onboarding.filemaker.demo_clinic.referrers import people_around
from onboarding.filemaker.demo_clinic.written import record_ids, stamps, written_date
from onboarding.filemaker.fmp.writer import Record
from onboarding.filemaker.fmp.writer.writer import Cell, Value

FIRST_ID: Final = 1_001
_PAIRS_OF_NAMES = 2_003
_FIRST_BIRTH, _BIRTH_DAYS = date(1931, 1, 1), 33_013

_GOALS = (
    *("Walk to the letterbox without the frame", "Return to netball", "Sleep through the night"),
    *("Prepare breakfast independently", "Order a coffee on her own", "Tie shoe laces"),
    *("Sit through a school assembly", "Get back on the tractor", "Manage the stairs at work"),
)
_ALERTS = (
    *(
        "Falls risk",
        "Latex allergy",
        "⚠ Dog on premises",
        "Interpreter: Tiếng Việt",
        "Hearing aid L",
    ),
    *("Do not leave messages", "Penicillin allergy\rAsthma", "Needs hoist – two staff"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """What makes two records the same person, and what both have in common."""

    given: str
    family: str
    sex: str
    born: date
    place: tuple[str, str, str]
    phone: str
    """Ten digits, as they would be dialled."""
    medicare: str


class PatientPlan:
    """Which patient, by its place from 0, has which defect. Drawn once, used by every table."""

    def __init__(self, facts: DemoClinicFacts) -> None:
        rng = facts.chance("plan of patients")
        self.count = facts.patients
        self.blank = set(rng.sample(range(self.count), facts.blank_patients))
        filled = [n for n in range(self.count) if n not in self.blank]
        self.filled = filled
        rng.shuffle(filled)
        draw = iter(filled)
        # Whoever has a twin has a sound birth date and one plain phone number.
        pairs = [sorted((next(draw), next(draw))) for _ in range(facts.duplicate_people)]
        self.twin_of = {later: earlier for earlier, later in pairs}
        self.has_twin = frozenset(self.twin_of.values())
        self.birth_defects = {
            next(draw): text for text, many in facts.bad_birth_dates.items() for _ in range(many)
        }
        self.no_birth_date = {next(draw) for _ in range(facts.patients_without_birth_date)}
        several = facts.several_phones_in_one_field
        self.several_phones = {next(draw) for _ in range(several)}
        self.no_clinic = set(rng.sample(filled, facts.patients_without_clinic))
        heavy = rng.sample(filled, sum(facts.dirty_weights.values()))
        texts = [text for text, many in facts.dirty_weights.items() for _ in range(many)]
        self.dirty_weights = dict(zip(heavy, texts, strict=True))
        alone = [n for n in filled if n not in self.twin_of and n not in self.has_twin]
        self.bad_medicare = set(rng.sample(alone, facts.invalid_medicare_numbers))
        self.returns = set(rng.sample(filled, facts.addresses_with_returns))
        self.bad_emails = set(rng.sample(filled, facts.invalid_emails))

    def random_id(self, rng: Random) -> str:
        """Return the key of a patient that exists; some come far more often than others."""
        return str(FIRST_ID + self.filled[int(rng.random() ** 1.6 * len(self.filled))])


def patient_records(facts: DemoClinicFacts, plan: PatientPlan) -> Iterator[Record]:
    """Yield the patients in the order in which they came to the clinic."""
    rng, around = facts.chance("patients"), facts.chance("people around patients")
    everybody = [(given, "F") for given in names.GIVEN_FEMALE]
    everybody += [(given, "M") for given in names.GIVEN_MALE]
    full_names = [(given, sex, family) for given, sex in everybody for family in names.FAMILY]
    full_names = rng.sample(full_names, _PAIRS_OF_NAMES)
    ids = record_ids(rng)
    remembered: dict[int, Person] = {}
    for n in range(plan.count):
        record_id = next(ids)
        if n in plan.blank:
            yield Record(record_id, {})
            continue
        earlier = remembered.pop(plan.twin_of[n]) if n in plan.twin_of else None
        person = earlier or _person(rng, n, full_names, valid_medicare=n not in plan.bad_medicare)
        if n in plan.has_twin:
            remembered[n] = person
        cells = _cells(rng, n, person, facts, plan)
        cells.update(people_around(around, facts, _arrived(n, facts)))
        yield Record(record_id, cells, rng.randrange(60))


def _arrived(n: int, facts: DemoClinicFacts) -> date:
    return facts.today - timedelta(days=int((facts.patients - n) / facts.patients * 4_400))


def _person(
    rng: Random, n: int, full_names: list[tuple[str, str, str]], *, valid_medicare: bool
) -> Person:
    """Return the n-th person. Equal names come back after 2003 people, on another birth date."""
    nth_name = n * 1_009 % len(full_names)
    given, sex, family = full_names[nth_name]
    day = (nth_name * 2_741 + n // len(full_names) * 7_919) % _BIRTH_DAYS
    born = _FIRST_BIRTH + timedelta(days=day)
    medicare = names.medicare_number(rng, valid=valid_medicare)
    if valid_medicare and rng.random() < 0.3:  # noqa: PLR2004 - nothing on file
        medicare = ""
    place = rng.choice(names.PLACES)
    return Person(given, family, sex, born, place, names.landline_digits(rng, place[1]), medicare)


def _cells(
    rng: Random, n: int, person: Person, facts: DemoClinicFacts, plan: PatientPlan
) -> dict[Cell, Value]:
    suburb, state, postcode = person.place
    arrived = _arrived(n, facts)
    cells: dict[Cell, Value] = {
        "ID_Patient": str(FIRST_ID + n),
        "Title": _title(rng, person),
        "Name First": person.given,
        "Name Last": person.family,
        "Preferred Name": names.PREFERRED.get(person.given, ""),
        "DOB": _birth_date(rng, n, person, facts, plan),
        "Sex": _one_in(rng, 8, {"F": "Female", "M": "male"}[person.sex], person.sex),
        "Email": _email(rng, n, person, plan),
        "Address Street": _street(rng, returns=n in plan.returns),
        "Suburb": _one_in(rng, 12, suburb.upper(), suburb),
        "State": state,
        "Postcode": postcode,
        "Medicare No": person.medicare,
        "Clinic ID": "" if n in plan.no_clinic else str(1 + int(rng.random() ** 1.3 * 10)),
        "Weight kg": plan.dirty_weights.get(n, _one_in(rng, 3, str(rng.randrange(14, 120)), "")),
        "Alerts": _one_in(rng, 9, rng.choice(_ALERTS), ""),
        "c_FullName": f"{person.family}, {person.given}",
        "zz_old_code": f"P{n:05}" if n < plan.count * 0.4 else "",
        "zz_Import_2011": "imported" if n < plan.count * 0.15 else "",
    }
    cells.update(_phones(rng, n, person, plan))
    if rng.random() < 0.4:  # noqa: PLR2004 - the share with an NDIS plan
        cells.update(_ndis_plan(rng, facts.today))
    if rng.random() < 0.4:  # noqa: PLR2004 - the share that was ever invoiced
        cells["Xero Contact ID"] = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    for repetition in range(1, rng.choice((1, 1, 1, 2, 3, 4))):
        cells["Goals", repetition] = rng.choice(_GOALS)
    cells.update(stamps(rng, arrived, facts.today))
    return cells


def _one_in(rng: Random, many: int, rare: str, usual: str) -> str:
    return rare if rng.randrange(many) == 0 else usual


def _title(rng: Random, person: Person) -> str:
    titles = ("Mrs", "Ms", "Miss", "", "Dr") if person.sex == "F" else ("Mr", "Mr", "", "Master")
    return rng.choice(titles)


def _birth_date(
    rng: Random, n: int, person: Person, facts: DemoClinicFacts, plan: PatientPlan
) -> str:
    if n in plan.no_birth_date:
        return ""
    defect = plan.birth_defects.get(n)
    if defect == "future":
        return written_date(facts.today + timedelta(days=rng.randrange(30, 9_000)))
    born = person.born
    if defect == "two-digit year":
        return f"{born.day}/{born.month}/{born.year % 100:02}"
    return defect or written_date(born)


def _phones(rng: Random, n: int, person: Person, plan: PatientPlan) -> dict[Cell, Value]:
    if n in plan.has_twin:
        return {"Phone Home": person.phone}
    if n in plan.twin_of:
        return {"Phone Home": names.written(rng, person.phone, other_than=person.phone)}
    mobile = names.written(rng, names.mobile_digits(rng))
    home = names.written(rng, person.phone)
    if n in plan.several_phones:
        shape = rng.choice(("{0} / {1}", "{0}\r{1} (wife)", "H {0} M {1}", "{0}, {1} after 5pm"))
        return {"Phone Home": shape.format(home, mobile)}
    kind = rng.random()
    if kind < 0.35:  # noqa: PLR2004 - a mobile, as it should be
        return {"Mobile": mobile, "Phone Home": home if kind < 0.2 else ""}  # noqa: PLR2004
    # Only thirty mobile numbers are free for fiction, so many type their landline there.
    return {"Mobile": home} if kind < 0.6 else {"Phone Home": home}  # noqa: PLR2004


def _email(rng: Random, n: int, person: Person, plan: PatientPlan) -> str:
    if n in plan.bad_emails:
        return rng.choice(("n/a", "none", "no email", "jsmith@example", "mail at example.com"))
    if rng.random() < 0.35:  # noqa: PLR2004 - nothing on file
        return ""
    user = f"{names.ascii_letters(person.given)}.{names.ascii_letters(person.family)}"
    return f"{user}{n % 97}@example.{rng.choice(('com', 'org'))}"


def _street(rng: Random, *, returns: bool) -> str:
    street = f"{rng.randrange(1, 320)} {rng.choice(names.STREETS)}"
    if not returns:
        return street
    return rng.choice((f"Unit {rng.randrange(1, 40)}\r{street}", f"{street}\rbehind the bakery"))


def _ndis_plan(rng: Random, today: date) -> dict[Cell, Value]:
    start = today - timedelta(days=rng.randrange(0, 700))
    coordinator = f"{rng.choice(names.GIVEN_FEMALE)} {rng.choice(names.FAMILY)}"
    phone = names.written(rng, names.mobile_digits(rng))
    return {
        "NDIS No": names.ndis_number(rng),
        "Coordinator": rng.choice((coordinator, f"{coordinator} {phone}", "self")),
        "Plan Start": written_date(start),
        "Plan End": written_date(start + timedelta(days=364)),
    }
