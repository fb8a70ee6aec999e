"""The clinics, clinicians, appointment types and settings of the demo clinic."""

from dataclasses import dataclass
from random import Random
from typing import Final

from onboarding.filemaker.demo_clinic import names
from onboarding.filemaker.demo_clinic.media import photo
from onboarding.filemaker.fmp.writer import Container, Record
from onboarding.filemaker.fmp.writer.writer import Cell, Value


@dataclass(frozen=True, slots=True)
class Clinician:
    id: int
    title: str
    given: str
    family: str
    discipline: str

    @property
    def shown(self) -> str:
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class AppointmentType:
    name: str
    code: str
    minutes: int
    fee: str
    weight: int


COLOURS: Final = (
    *("#1F77B4", "#FF7F0E", "#2CA02C", "#D62728", "#9467BD"),
    *("#8C564B", "#E377C2", "#7F7F7F", "#BCBD22", "#17BECF"),
)
CLINICIANS: Final = tuple(
    Clinician(id_, *row)
    for id_, row in enumerate(
        (
            ("Ms", "Aroha", "Whitfield", "Physiotherapy"),
            ("Mr", "Callum", "Brennan-Lowe", "Physiotherapy"),
            ("Dr", "Mei", "Sandoval", "Psychology"),
            ("Ms", "Zoë", "Tamblyn", "Occupational Therapy"),
            ("Mr", "Étienne", "Marchetti", "Occupational Therapy"),
            ("Ms", "Ngọc Anh", "Phạm", "Speech Pathology"),
            ("Ms", "Saoirse", "O'Malley", "Dietetics"),
            ("Mr", "Jürgen", "Kestrel", "Podiatry"),
            ("Ms", "Tahlia", "Warrigal", "Exercise Physiology"),
            ("Mx", "Rowan", "Achterberg", "Social Work"),
        ),
        start=1,
    )
)
TYPES: Final = (
    AppointmentType("Initial Assessment", "INIT", 60, "193.99", 12),
    AppointmentType("Standard Consultation", "STD", 45, "145.49", 34),
    AppointmentType("Follow-up", "FUP", 30, "97.00", 26),
    AppointmentType("Telehealth", "TELE", 30, "97.00", 10),
    AppointmentType("Home Visit", "HOME", 60, "193.99", 7),
    AppointmentType("NDIS Plan Review", "NREV", 60, "193.99", 4),
    AppointmentType("Report Writing", "REP", 60, "193.99", 3),
    AppointmentType("Group Session", "GRP", 60, "64.66", 3),
    AppointmentType("Assistive Technology Trial", "AT", 45, "145.49", 1),
)
_SITES: Final = (
    *("Head Office", "Riverside", "Hillview", "Station Street", "Community Hub", "Northgate"),
    *("The Annexe", "Bayside", "Showgrounds", "Mobile Team"),
)


def clinic_records(rng: Random) -> list[Record]:
    records = []
    for id_, (site, colour) in enumerate(zip(_SITES, COLOURS, strict=True), start=1):
        suburb, state, postcode = names.PLACES[(id_ * 5) % len(names.PLACES)]
        cells: dict[Cell, Value] = {
            "ID_Clinic": str(id_),
            "Clinic Name": f"{suburb} {site}",
            "Short Code": (suburb[:3] + str(id_)).upper(),
            "Colour": colour if id_ % 3 else colour.lower(),
            "Phone": names.written(rng, names.landline_digits(rng, state)),
            "Email": f"{names.ascii_letters(suburb)}@example.org",
            "Address": f"Suite {id_}\r{10 * id_} {rng.choice(names.STREETS)}",
            "Suburb": suburb,
            "State": state,
            "Postcode": postcode,
            "Active": "1" if id_ < len(_SITES) else "No",
        }
        records.append(Record(id_, cells, rng.randrange(1, 30)))
    return records


def clinician_records(rng: Random) -> list[Record]:
    records = []
    for person in CLINICIANS:
        mail = f"{names.ascii_letters(person.given)}.{names.ascii_letters(person.family)}"
        cells: dict[Cell, Value] = {
            "ID_Clinician": str(person.id),
            "Title": person.title,
            "Name First": person.given,
            "Name Last": person.family,
            "Display Name": person.shown,
            "Discipline": person.discipline,
            "Provider No": names.provider_number(rng),
            "AHPRA No": f"PHY{rng.randrange(10**10):010}",
            "Email": f"{mail}@example.com",
            "Mobile": names.written(rng, names.mobile_digits(rng)),
            "Clinic ID": str(person.id),
            "Colour": COLOURS[-person.id],
            "Active": "Yes",
        }
        records.append(Record(person.id, cells, rng.randrange(1, 90)))
    return records


def type_records(rng: Random) -> list[Record]:
    records = []
    for id_, type_ in enumerate(TYPES, start=1):
        cells: dict[Cell, Value] = {
            "ID_Type": str(id_),
            "Type Name": type_.name,
            "Code": type_.code,
            "Duration": str(type_.minutes),
            "Fee": type_.fee,
            "Colour": COLOURS[id_ - 1],
            "Active": "1",
        }
        records.append(Record(id_ + 2, cells, rng.randrange(1, 9)))
    return records


def setting_records() -> list[Record]:
    rows = (
        *(("SMS reminder hours", "48"), ("SMS sender", "CLINIC"), ("Xero organisation", "Demo Co")),
        *(("Letter font", "Verdana"), ("Backup path", "filemac:/Backup/"), ("Version", "7.3b")),
    )
    return [
        Record(id_, {"Setting": name, "Value": value})
        for id_, (name, value) in enumerate(rows, start=1)
    ]


def global_values(rng: Random, *, with_containers: bool) -> dict[Cell, Value]:
    values: dict[Cell, Value] = {
        "g_Clinic_Name": "Wattle & Waratah Allied Health",
        "g_SMS_Sender": "WATTLE",
        "g_Xero_Org": "Demo Company (AU)",
        "g_User": "Admin",
    }
    if with_containers:
        values["g_Logo"] = Container("logo.png", {"PNGf": photo("logo", rng)}, size=(240, 180))
    return values
