"""Invented FileMaker solutions of clinics, as messy as real ones, with what each field should become.

Each field is `name | type | values | target`; `values` names a generator below. Without a target the text
is kept with the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from onboarding.filemaker.sources import Field, Locale, Record, Table
from onboarding.imports.profile import TableTally
from onboarding.imports.structure import Structure, TableStructure

TODAY = date(2026, 11, 21)
RECORDS = 60

GIVEN = "Anna Ben Chloe David Eva Finn Grace Hugo Ines Jack Karl Lena Mia Noah Olga Paul".split()
FAMILY = (
    "Archer Brandt Chen Dubois Ender Fischer Grant Huber Imhof Jones Keller Lopez Meyer".split()
)
PLACES = ("Kew", "Hawthorn", "Carlton", "Richmond", "Fitzroy", "Bern", "Basel", "Lyon", "Nantes")
STREETS = ("Main St", "Long Road", "High Street", "Park Ave", "Station Rd")
STRASSEN = ("Hauptstraße", "Bergweg", "Lindenallee", "Bahnhofstr.")
RUES = ("rue de la Paix", "rue Pasteur", "avenue Foch", "boulevard Victor Hugo")


def medicare(random: Random) -> str:
    digits = [random.randint(2, 6), *(random.randint(0, 9) for _ in range(7))]
    check = sum(d * w for d, w in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9), strict=True)) % 10
    return "".join(map(str, [*digits, check, random.randint(1, 9)])) + random.choice(["1", "2"])


def day_in(random: Random, first: int, last: int) -> date:
    start = date(first, 1, 1)
    return start + timedelta(days=random.randrange((date(last, 1, 1) - start).days))


def _number(random: Random, count: int) -> str:
    return "".join(str(random.randint(0, 9)) for _ in range(count))


VALUES = {
    "id": lambda _, n: str(1000 + n),
    "uuid": lambda r, _: f"{r.getrandbits(32):08X}-{r.getrandbits(16):04X}-4{r.getrandbits(12):03X}-"
                         f"A{r.getrandbits(12):03X}-{r.getrandbits(48):012X}",
    "patient_id": lambda r, _: str(1000 + r.randrange(RECORDS)),
    "given": lambda r, _: r.choice(GIVEN),
    "family": lambda r, _: r.choice(FAMILY),
    "full": lambda r, _: f"{r.choice(FAMILY)}, {r.choice(GIVEN)}",
    "title": lambda r, _: r.choice(["Mr", "Mrs", "Ms", "Dr"]),
    "anrede": lambda r, _: r.choice(["Herr", "Frau"]),
    "civilite": lambda r, _: r.choice(["M.", "Mme", "Mlle"]),
    "birth": lambda r, _: f"{day_in(r, 1935, 2015):%d/%m/%Y}",
    "birth_de": lambda r, _: f"{day_in(r, 1935, 2015):%d.%m.%Y}",
    "day": lambda r, _: f"{day_in(r, 2022, 2026):%d/%m/%Y}",
    "day_de": lambda r, _: f"{day_in(r, 2022, 2026):%d.%m.%Y}",
    "stamp": lambda r, _: (
        f"{day_in(r, 2022, 2026):%d/%m/%Y} {r.randint(8, 17):02}:{r.choice(['00', '30'])}:00"
    ),
    "time": lambda r, _: f"{r.randint(8, 17)}:{r.choice(['00', '15', '30'])}:00",
    "sex": lambda r, _: r.choice("MF"),
    "geschlecht": lambda r, _: r.choice(["weiblich", "männlich"]),
    "mobile": lambda r, _: f"04{_number(r, 2)} {_number(r, 3)} {_number(r, 3)}",
    "landline": lambda r, _: f"(03) 9{_number(r, 3)} {_number(r, 4)}",
    "tel_de": lambda r, _: f"0{_number(r, 3)} / {_number(r, 6)}",
    "tel_fr": lambda r, _: " ".join(["0" + str(r.randint(1, 6)), *(_number(r, 2) for _ in range(4))]),
    "email": lambda r, n: f"{r.choice(GIVEN).lower()}{n}@mail.example",
    "street": lambda r, _: f"{r.randint(1, 200)} {r.choice(STREETS)}",
    "strasse": lambda r, _: f"{r.choice(STRASSEN)} {r.randint(1, 90)}",
    "rue": lambda r, _: f"{r.randint(1, 90)} {r.choice(RUES)}",
    "block": lambda r, _: (
        f"{r.randint(1, 200)} {r.choice(STREETS)}\r{r.choice(PLACES)} VIC 3{_number(r, 3)}"
    ),
    "place": lambda r, _: r.choice(PLACES),
    "state": lambda r, _: r.choice(["VIC", "NSW"]),
    "postcode": lambda r, _: f"3{_number(r, 3)}",
    "plz": lambda r, _: _number(r, 5),
    "country": lambda r, _: r.choice(["Australia", "New Zealand"]),
    "medicare": lambda r, _: medicare(r),
    "ndis": lambda r, _: f"43{_number(r, 7)}",
    "ssn": lambda r, _: f"{_number(r, 3)}-{_number(r, 2)}-{_number(r, 4)}",
    "clinic": lambda r, _: r.choice(["Kew Clinic", "Hawthorn"]),
    "person": lambda r, _: r.choice(["Sam Lee", "Kim Tran", "Jo Bauer"]),
    "type": lambda r, _: r.choice(["Initial", "Standard", "Review"]),
    "funding": lambda r, _: r.choice(["NDIS", "Private", "Medicare", "TAC"]),
    "kasse": lambda r, _: r.choice(["AOK", "TK", "Barmer", "Privat"]),
    "visit": lambda r, _: r.choice(["Attended", "Cancelled", "DNA", "Booked"]),
    "termin": lambda r, _: r.choice(["erledigt", "abgesagt", "geplant"]),
    "rdv": lambda r, _: r.choice(["honoré", "annulé", "prévu"]),
    "active": lambda r, _: r.choice(["Active", "Inactive"]),
    "flag": lambda r, _: r.choice(["1", ""]),
    "minutes": lambda r, _: r.choice(["30", "45", "60"]),
    "prose": lambda r, _: r.choice(["Knee is better after two weeks of rest and walking.",
                                    "Rang about the shoes, will call back on Monday morning.",
                                    "Wears the orthotics all day without pain."]),
    "allergy": lambda r, _: r.choice(["Latex", "Penicillin", "", ""]),
    "list": lambda r, _: r.choice(["Asthma\rDiabetes", "Asthma", "Diabetes\rHypertension"]),
    "word": lambda r, _: r.choice(["blue", "left", "second", "size 42", "no"]),
    "job": lambda r, _: r.choice(["Teacher", "Plumber", "Retired"]),
    "amount": lambda r, _: f"{r.randint(20, 300)}.{_number(r, 2)}",
    "weight": lambda r, _: str(r.randint(40, 120)),
    "user": lambda r, _: r.choice(["admin", "reception", "kim"]),
    "colour": lambda r, _: r.choice(["#336699", "#cc3300"]),
}  # fmt: skip


def name_of(tables: dict) -> str:
    return next(reversed(tables))


@dataclass(frozen=True)
class Schema:
    """One solution. `text`: `= table = entity`, then a line for each field."""

    name: str
    language: str
    text: str
    order: str = "DMY"

    @property
    def tables(self) -> dict[str, tuple[str, list[list[str]]]]:
        """Answer the tables by name: the entity expected, and the fields."""
        tables: dict[str, tuple[str, list[list[str]]]] = {}
        for line in filter(None, map(str.strip, self.text.splitlines())):
            if line.startswith("="):
                _, name, entity = (part.strip() for part in line.split("="))
                tables[name] = (entity, [])
            else:
                name, kind, values, *expected = (part.strip() for part in line.split("|"))
                tables[name_of(tables)][1].append([name, kind, values, *(expected or [""])])
        return tables

    def staged(self) -> tuple[Structure, dict]:
        """Answer the structure and the profile, as reading such a file would."""
        random = Random(self.name)
        tables, rows = [], {}
        for number, (name, (entity, fields)) in enumerate(self.tables.items(), start=129):
            made = tuple(
                Field(
                    place, field_name, "normal", kind, 1, is_global=False, comment="", derived=False
                )
                for place, (field_name, kind, _, _) in enumerate(fields, start=1)
            )
            count = RECORDS if entity in {"patient", "appointment", "", "note"} else 3
            tables.append(TableStructure(Table(number, name, count), made))
            rows[number] = [
                Record(n, 1, {
                    (place, 1): text
                    for place, (_, _, values, _) in enumerate(fields, start=1)
                    if (text := VALUES[values](random, n))
                })
                for n in range(1, count + 1)
            ]  # fmt: skip
        locale = Locale(self.order, "/", ".", ",", ":", "", "")  # type: ignore[arg-type]
        structure = Structure(tuple(tables), locale=locale)
        profiles = []
        for table in structure.tables:
            tally = TableTally(table, structure, TODAY)
            for record in rows[table.id]:
                tally.take(record)
            profiles.append(tally.as_json())
        return structure, {"tables": profiles}


HELD_OUT = (
    Schema(
        "chiro",
        "en",
        """
        = Persons = patient
        PersonID | number | id | other_number
        Prefix | text | title | title
        Forename | text | given | given_names
        Surname_Now | text | family | family_name
        DateBorn | date | birth | date_of_birth
        Gender M or F | text | sex | sex
        Ph Private | text | landline | home_phone
        Ph Cell | text | mobile | mobile
        Email_1 | text | email | email
        Residential Street | text | street | home_lines
        Residential Suburb | text | place | home_suburb
        Res Postcode | text | postcode | home_postcode
        Medicare Nbr | text | medicare | medicare
        Scheme | text | funding | funding_type
        Red Flags | text | allergy | alerts
        Sports | text | word |
        = Consults = appointment
        PersonID | number | patient_id | patient
        Consult Date | date | day | date
        Time In | time | time | start_time
        Time Out | time | time | end_time
        Chiropractor | text | person | practitioner
        Consult Type | text | type | appointment_type
        Attended? | text | visit | status
        Practice Location | text | clinic | location
        """,
    ),
    Schema(
        "psycho",
        "de",
        """
        = Personen = patient
        Personennummer | number | id | other_number
        Zuname | text | family | family_name
        Vornamen | text | given | given_names
        Geburtsdatum | date | birth_de | date_of_birth
        Strasse und Hausnummer | text | strasse | home_lines
        Postleitzahl | text | plz | home_postcode
        Stadt | text | place | home_suburb
        Festnetz | text | tel_de | home_phone
        Mobiltelefon | text | tel_de | mobile
        E-Mail-Adresse | text | email | email
        Kostenträger | text | kasse | funding_type
        Notizen allgemein | text | prose | notes
        Hobby | text | word |
        = Buchungen = appointment
        Personennummer | number | patient_id | patient
        Datum | date | day_de | date
        Zeit von | time | time | start_time
        Zeit bis | time | time | end_time
        Mitarbeiter | text | person | practitioner
        Terminart | text | type | appointment_type
        Zustand | text | termin | status
        """,
    ),
    Schema(
        "ortho",
        "fr",
        """
        = Personnes = patient
        Numéro | number | id | other_number
        Civ | text | civilite | title
        Nom famille | text | family | family_name
        Prénoms | text | given | given_names
        Date de naissance | date | birth | date_of_birth
        Rue et n° | text | rue | home_lines
        Code postal | text | plz | home_postcode
        Localité | text | place | home_suburb
        Tél. travail | text | tel_fr | work_phone
        GSM | text | tel_fr | mobile
        Mail | text | email | email
        Remarque | text | prose | notes
        Métier | text | job |
        """,
    ),
)
"""Written after the words and weights were settled, and never used to settle them."""

SCHEMAS = (
    Schema(
        "osteo2",
        "en",
        """
        = PatientFile = patient
        RecNo | number | id | other_number
        NameFull | text | full | full_name
        BDay | date | birth | date_of_birth
        Gndr | text | sex | sex
        PhoneMobile | text | mobile | mobile
        PhoneHome | text | landline | home_phone
        Mail | text | email | email
        PostalAddr1 | text | street | postal_lines
        PostalTown | text | place | postal_suburb
        PostalPC | text | postcode | postal_postcode
        NDISNumber | text | ndis | ndis
        Payer | text | funding | funding_type
        KnownAs | text | given | preferred_name
        CaseManager | text | person | coordinator_name
        HeightCm | number | weight |
        Hobbies | text | word |
        ImportantWarnings | text | allergy | alerts
        FreeText | text | prose |
        = Diary = appointment
        PatientRecNo | number | patient_id | patient
        DiaryDate | date | day | date
        StartTime | time | time | start_time
        LengthMins | number | minutes | duration
        PractitionerName | text | person | practitioner
        ApptTypeName | text | type | appointment_type
        ApptStatus | text | visit | status
        Room | text | word |
        """,
    ),
    Schema(
        "logo",
        "de",
        """
        = Klient = patient
        Klientennummer | number | id | other_number
        Vor_Name | text | given | given_names
        Nach_Name | text | family | family_name
        Geburtstag | date | birth_de | date_of_birth
        Adresse_Strasse | text | strasse | home_lines
        Adresse_PLZ | text | plz | home_postcode
        Adresse_Ort | text | place | home_suburb
        Telefon_privat | text | tel_de | home_phone
        Telefon_mobil | text | tel_de | mobile
        Mail_privat | text | email | email
        Kasse | text | kasse | funding_type
        Kommentar | text | prose | notes
        Schuhgrösse | text | word |
        Erstellt_am | timestamp | stamp |
        = Kalender = appointment
        Klientennummer | number | patient_id | patient
        Termindatum | date | day_de | date
        Beginn | time | time | start_time
        Ende | time | time | end_time
        Therapeut | text | person | practitioner
        Standort | text | clinic | location
        Leistung | text | type | appointment_type
        Status | text | termin | status
        """,
    ),
    Schema(
        "podologue",
        "fr",
        """
        = Patients = patient
        ID_Patient | number | id | other_number
        Prénom_patient | text | given | given_names
        Nom_patient | text | family | full_name
        DDN | date | birth | date_of_birth
        Sexe_patient | text | sex | sex
        Adresse_rue | text | rue | home_lines
        Adresse_CP | text | plz | home_postcode
        Adresse_ville | text | place | home_suburb
        Tél_fixe | text | tel_fr | home_phone
        Tél_portable | text | tel_fr | mobile
        Mél | text | email | email
        Assurance | text | kasse | funding_type
        Pointure | text | word |
        Observations | text | prose |
        = Rendez-vous = appointment
        ID_Patient | number | patient_id | patient
        Date | date | day | date
        Heure_début | time | time | start_time
        Heure_fin | time | time | end_time
        Praticien | text | person | practitioner
        Cabinet | text | clinic | location
        Type de RDV | text | type | appointment_type
        Notes | text | prose | notes
        """,
    ),
    Schema(
        "dentistry",
        "en",
        """
        = MASTER = patient
        ChartNo | number | id | other_number
        Ttl | text | title | title
        GivenNm | text | given | given_names
        FamilyNm | text | family | family_name
        BirthDt | date | birth | date_of_birth
        Sex_ | text | sex | sex
        HomeTel | text | landline | home_phone
        Cellular | text | mobile | mobile
        eMailAddress | text | email | email
        StreetAddr | text | street | home_lines
        Town | text | place | home_suburb
        Zip | text | postcode | home_postcode
        FundingCat | text | funding | funding_type
        MedAlert | text | allergy | alerts
        GenNotes | text | prose | notes
        Hobby | text | word |
        LastRecallSent | date | day |
        Employer | text | job |
        = VISITS = appointment
        ChartNo | number | patient_id | patient
        VisitDt | date | day | date
        FromTime | time | time | start_time
        ToTime | time | time | end_time
        Provider | text | person | practitioner
        VisitType | text | type | appointment_type
        VisitStatus | text | visit | status
        Branch | text | clinic | location
        """,
    ),
    Schema(
        "ergo",
        "de",
        """
        = Stammdaten Kunden = patient
        Kundennummer | number | id | other_number
        Titel | text | anrede | title
        Familienname | text | family | family_name
        Rufname | text | given | given_names
        geboren am | date | birth_de | date_of_birth
        Straße | text | strasse | home_lines
        PLZ | text | plz | home_postcode
        Ort | text | place | home_suburb
        Telefonnummer | text | tel_de | phone
        Handynummer | text | tel_de | mobile
        Emailadresse | text | email | email
        Versicherung | text | kasse | funding_type
        Warnungen | text | allergy | alerts
        Hobbys | text | word |
        Grösse cm | number | weight |
        """,
    ),
    Schema(
        "kine",
        "fr",
        """
        = Usagers = patient
        Numéro patient | number | id | other_number
        Titre | text | civilite | title
        NOM | text | full | full_name
        Date naissance | date | birth | date_of_birth
        Genre | text | sex | sex
        Rue | text | rue | home_lines
        CP | text | plz | home_postcode
        Commune | text | place | home_suburb
        Téléphone | text | tel_fr | phone
        Tél. portable | text | tel_fr | mobile
        Adresse e-mail | text | email | email
        Allergies | text | allergy | alerts
        Commentaires | text | prose | notes
        Employeur | text | job |
        = Agenda = appointment
        Numéro patient | number | patient_id | patient
        Jour | date | day | date
        Heure | time | time | start_time
        Durée | number | minutes | duration
        Thérapeute | text | person | practitioner
        Lieu | text | clinic | location
        Prestation | text | type | appointment_type
        Statut | text | rdv | status
        """,
    ),
    Schema(
        "podiatry",
        "en",
        """
        = tblClients = patient
        zz_pk_Client | number | id | other_number
        _kp_UUID | text | uuid |
        cl_Salutation | text | title | title
        cl_FName | text | given | given_names
        cl_Surname | text | family | family_name
        cl_DOB | date | birth | date_of_birth
        cl_Gender_code | text | sex | sex
        cl_Mob | text | mobile | mobile
        cl_PhoneHm | text | landline | home_phone
        cl_PhoneWk | text | landline | work_phone
        cl_EMail | text | email | email
        cl_Add1 | text | street | home_lines
        cl_Suburb_Town | text | place | home_suburb
        cl_State | text | state | home_state
        cl_PCode | number | postcode | home_postcode
        cl_MedicareNo | text | medicare | medicare
        cl_NDIS_Nbr | text | ndis | ndis
        cl_FundedBy | text | funding | funding_type
        cl_ShoeSize | text | word |
        cl_Occupation | text | job |
        cl_Alerts | text | allergy | alerts
        cl_Comments | text | prose | notes
        cl_Status | text | active | is_archived
        zz_CreatedBy | text | user |
        zz_ModStamp | timestamp | stamp |
        = tblAppts = appointment
        _kf_Client | number | patient_id | patient
        appt_Date | date | day | date
        appt_TimeStart | time | time | start_time
        appt_Mins | number | minutes | duration
        appt_With | text | person | practitioner
        appt_Site | text | clinic | location
        appt_Kind | text | type | appointment_type
        appt_Outcome | text | visit | status
        appt_Memo | text | prose | notes
        zz_CreatedBy | text | user |
        """,
    ),
    Schema(
        "physio",
        "en",
        """
        = PATIENT DETAILS = patient
        Pt No | number | id | other_number
        Patient's Name | text | full | full_name
        Date Of Birth | date | birth | date_of_birth
        M/F | text | sex | sex
        Address | text | block | home_lines
        Tel (H) | text | landline | home_phone
        Tel (W) | text | landline | work_phone
        Tel (M) | text | mobile | mobile
        E-mail addr | text | email | email
        Medicare card # | text | medicare | medicare
        Conditions | text | list |
        Allergies | text | allergy | alerts
        Remarks | text | prose | notes
        Job | text | job |
        Weight (kg) | number | weight |
        Active? | text | flag | is_active
        = SESSIONS = appointment
        Pt No | number | patient_id | patient
        Session Start | timestamp | stamp | starts_at
        Session End | timestamp | stamp | ends_at
        Physio | text | person | practitioner
        Session Type | text | type | appointment_type
        Attendance | text | visit | status
        Clinic | text | clinic | location
        Fee | number | amount |
        """,
    ),
    Schema(
        "nameless",
        "en",
        """
        = Contacts = patient
        Name 1 | text | given |
        First | text | given | given_names
        Last | text | family | family_name
        Field 7 | text | mobile | phone
        Field 8 | text | email | email
        Field 9 | text | medicare | medicare
        Field 10 | text | ndis | ndis
        Field 11 | date | birth | date_of_birth
        Field 12 | text | street | home_lines
        Field 13 | text | state | home_state
        Field 14 | text | postcode | home_postcode
        Field 15 | text | word |
        Field 16 | text | prose |
        """,
    ),
    Schema(
        "praxis",
        "de",
        """
        = Patienten = patient
        PatNr | number | id | other_number
        Anrede | text | anrede | title
        Vorname | text | given | given_names
        Nachname | text | family | family_name
        Geb.datum | date | birth_de | date_of_birth
        Geschlecht | text | geschlecht | sex
        Strasse_Nr | text | strasse | home_lines
        PLZ | text | plz | home_postcode
        Wohnort | text | place | home_suburb
        Tel. privat | text | tel_de | home_phone
        Tel. gesch. | text | tel_de | work_phone
        Handy-Nr. | text | tel_de | mobile
        E-Mail | text | email | email
        Krankenkasse | text | kasse | funding_type
        Beruf | text | job |
        Bemerkungen | text | prose | notes
        Allergien | text | allergy | alerts
        Körpergewicht | number | weight |
        angelegt von | text | user |
        = Termine = appointment
        PatNr | number | patient_id | patient
        Datum | date | day_de | date
        Uhrzeit von | time | time | start_time
        Uhrzeit bis | time | time | end_time
        Behandler | text | person | practitioner
        Behandlungsart | text | type | appointment_type
        Terminstatus | text | termin | status
        Notiz | text | prose | notes
        """,
    ),
    Schema(
        "osteo",
        "fr",
        """
        = Fichier patients = patient
        N° dossier | number | id | other_number
        Civilité | text | civilite | title
        Nom de famille | text | family | family_name
        Prénom | text | given | given_names
        Né(e) le | date | birth | date_of_birth
        Sexe | text | sex | sex
        Adresse | text | rue | home_lines
        Code postal | text | plz | home_postcode
        Ville | text | place | home_suburb
        Tél. domicile | text | tel_fr | home_phone
        Portable | text | tel_fr | mobile
        Courriel | text | email | email
        Profession | text | job |
        Remarques | text | prose | notes
        Mutuelle | text | kasse | funding_type
        Créé par | text | user |
        = RDV = appointment
        id_patient | number | patient_id | patient
        Date RDV | date | day | date
        Heure début | time | time | start_time
        Heure fin | time | time | end_time
        Praticien | text | person | practitioner
        Motif | text | type | appointment_type
        État | text | rdv | status
        Commentaire | text | prose | notes
        """,
    ),
    Schema(
        "speech",
        "en",
        """
        = Participants = patient
        ParticipantID | text | id | other_number
        name_first | text | given | given_names
        name_last | text | family | family_name
        name_preferred | text | given | preferred_name
        birthDate | date | birth | date_of_birth
        genderCode | text | sex | sex
        contact_phone_mobile | text | mobile | mobile
        contact_email | text | email | email
        addr_street | text | street | home_lines
        addr_suburb | text | place | home_suburb
        addr_state | text | state | home_state
        addr_postcode | text | postcode | home_postcode
        ndis_participant_no | text | ndis | ndis
        ndis_plan_start | date | day | plan_start
        ndis_plan_end | date | day | plan_end
        supportCoordinator | text | person | coordinator_name
        homeClinic | text | clinic | location
        fundingSource | text | funding | funding_type
        z_recordModified | timestamp | stamp |
        isArchived | text | flag | is_archived
        = Bookings = appointment
        fk_ParticipantID | text | patient_id | patient
        startDateTime | timestamp | stamp | starts_at
        endDateTime | timestamp | stamp | ends_at
        therapistName | text | person | practitioner
        locationName | text | clinic | location
        serviceType | text | type | appointment_type
        bookingStatus | text | visit | status
        bookingNotes | text | prose | notes
        = Clinics = location
        ClinicID | text | id |
        Clinic Name | text | clinic | name
        Phone | text | landline | phone
        DiaryColour | text | colour | colour
        """,
    ),
    Schema(
        "kinder",
        "de",
        """
        = Klienten_Stamm = patient
        _id | text | uuid |
        KlientNr | number | id | other_number
        Name | text | full | full_name
        GebDat | date | birth_de | date_of_birth
        m_w | text | sex | sex
        Anschrift | text | strasse | home_lines
        Ort | text | place | home_suburb
        Postleitzahl | text | plz | home_postcode
        Telefon | text | tel_de | phone
        Mobil | text | tel_de | mobile
        Mailadresse | text | email | email
        Kostenträger | text | kasse | funding_type
        Hinweise | text | allergy | alerts
        Notizen | text | prose | notes
        aktiv | text | flag | is_active
        zuletzt geändert | timestamp | stamp |
        """,
    ),
)
