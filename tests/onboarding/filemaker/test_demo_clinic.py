"""The demo clinic's file, counted again from what the reader finds in it."""

import hashlib
import json
import re
import zlib
from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

import pytest

from onboarding.filemaker import sources
from onboarding.filemaker.demo_clinic import FactorError, write_demo_clinic
from onboarding.filemaker.demo_clinic.__main__ import main
from onboarding.filemaker.demo_clinic.facts import planned_facts
from onboarding.filemaker.demo_clinic.names import GIVEN_FEMALE, ascii_letters, written
from onboarding.filemaker.fmp.reader import open_file

TODAY = date(2026, 11, 20)
FICTION = re.compile(r"0[2378](5550|7010)\d{4}|(5550|7010)\d{4}|0?4915[0-9]{5}")

DESCRIPTIVE = {"FNAM", "MAIN", "SIZE"}


class Clinic:
    """The file's records by the names of their tables and fields."""

    def __init__(self, file, facts):
        self.file = file
        self.facts = facts
        self.tables = {table.name: table for table in file.tables()}
        self.records = {name: self._read(table) for name, table in self.tables.items()}

    def _read(self, table):
        names = {field.id: field.name for field in self.file.fields(table.id)}
        return [
            {
                names[field_id] if nth == 1 else (names[field_id], nth): text
                for (field_id, nth), text in record.values.items()
            }
            for record in self.file.records(table.id)
        ]

    def filled(self, table):
        return [cells for cells in self.records[table] if cells]

    def without(self, table, field):
        return sum(field not in cells for cells in self.filled(table))


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "demo.fmp12"
    facts = write_demo_clinic(path, today=TODAY, files=0.06)
    with open_file(path) as file:
        yield Clinic(file, facts)


def as_date(text):
    day, month, year = map(int, text.split("/"))
    return date(year, month, day)


def test_every_table_has_exactly_its_records(clinic):
    counts = {name: table.record_count for name, table in clinic.tables.items()}

    assert counts == clinic.facts.records
    assert {name: len(found) for name, found in clinic.records.items()} == counts
    assert (counts["Patients"], counts["Appointments"]) == (2_842, 9_830)
    assert list(clinic.file.warnings) == []


def test_the_clinic_has_as_many_files_as_the_real_one(tmp_path):
    facts = planned_facts(tmp_path, factor=1, seed=1, today=TODAY)

    assert (facts.documents, facts.images) == (10_190, 6_574)


def test_invoices_have_their_lines_side_by_side_but_for_the_uneven_ones(clinic):
    parts = ("Item Code", "Item Description", "Item Qty", "Item Price", "Item Amount")
    uneven = 0
    for cells in clinic.filled("Invoices"):
        many = {
            sum(part in cells if nth == 1 else (part, nth) in cells for nth in range(1, 11))
            for part in parts
        }
        uneven += len(many) > 1

    assert uneven == clinic.facts.invoices_with_uneven_lines


def test_records_of_nobody_are_those_promised(clinic):
    facts = clinic.facts
    keys = {cells["ID_Patient"] for cells in clinic.filled("Patients")}

    def strangers(table):
        return sum(cells.get("Patient ID") not in keys for cells in clinic.filled(table))

    assert strangers("Notes") == facts.orphan_notes
    assert strangers("Documents") == facts.documents_without_patient
    assert strangers("Images") == facts.images_without_patient
    assert strangers("SMS Messages") == facts.messages_from_unknown_numbers
    assert strangers("Letters") == strangers("Reminders") == strangers("Invoices") == 0
    assert clinic.without("Documents", "File") == facts.documents_without_file


def test_it_is_of_modest_size(clinic):
    assert clinic.facts.path.stat().st_size < 25_000_000


def test_the_promised_counts_are_those_of_the_brief(clinic):
    facts = clinic.facts

    assert facts.patients_without_clinic == 86
    assert facts.appointments_without_clinic == 32
    assert facts.appointments_without_clinician_and_type == 1_496
    assert facts.duplicate_people == 40
    assert facts.blank_patients == 12


def test_blank_records_are_counted_within(clinic):
    assert clinic.records["Patients"].count({}) == clinic.facts.blank_patients
    assert clinic.records["Appointments"].count({}) == clinic.facts.blank_appointments


def test_patients_lack_what_the_facts_say(clinic):
    assert clinic.without("Patients", "Clinic ID") == clinic.facts.patients_without_clinic
    assert clinic.without("Patients", "DOB") == clinic.facts.patients_without_birth_date


def test_no_record_has_a_funding_type_but_the_field_is_there(clinic):
    fields = clinic.file.fields(clinic.tables["Patients"].id)

    assert "Funding Type" in [field.name for field in fields]
    assert not any("Funding Type" in cells for cells in clinic.records["Patients"])


def test_bad_birth_dates_are_those_promised(clinic):
    found = Counter()
    for cells in clinic.filled("Patients"):
        text = cells.get("DOB", "")
        if text in clinic.facts.bad_birth_dates:
            found[text] += 1
        elif re.fullmatch(r"\d{1,2}/\d{1,2}/\d\d", text):
            found["two-digit year"] += 1
        elif text and as_date(text) > TODAY:
            found["future"] += 1

    assert found == clinic.facts.bad_birth_dates


def test_dirty_numbers_are_those_promised(clinic):
    weights = (cells.get("Weight kg", "0") for cells in clinic.filled("Patients"))

    dirty = Counter(text for text in weights if not re.fullmatch(r"\d+", text))

    assert dirty == clinic.facts.dirty_weights


def test_duplicates_are_pairs_with_the_phone_typed_differently(clinic):
    people = defaultdict(list)
    for cells in clinic.filled("Patients"):
        if "DOB" in cells:
            key = (cells["Name First"], cells["Name Last"], cells["DOB"])
            people[key].append(cells.get("Phone Home", ""))
    groups = [phones for phones in people.values() if len(phones) > 1]

    assert [len(phones) for phones in groups] == [2] * clinic.facts.duplicate_people
    for one, other in groups:
        assert one != other
        assert re.sub(r"\D", "", one)[-8:] == re.sub(r"\D", "", other)[-8:]


def test_some_share_a_name_without_being_the_same_person(clinic):
    names = Counter(
        (cells["Name First"], cells["Name Last"]) for cells in clinic.filled("Patients")
    )
    assert sum(count > 1 for count in names.values()) > 2 * clinic.facts.duplicate_people


def test_patient_keys_are_unique(clinic):
    keys = [cells["ID_Patient"] for cells in clinic.filled("Patients")]
    assert len(set(keys)) == len(keys)


def medicare_is_valid(text):
    digits = [int(digit) for digit in re.sub(r"\D", "", text)]
    total = sum(d * w for d, w in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9), strict=False))
    return total % 10 == digits[8]


def test_medicare_numbers_fail_their_check_digit_as_often_as_promised(clinic):
    numbers = [
        cells["Medicare No"] for cells in clinic.filled("Patients") if "Medicare No" in cells
    ]

    bad = [number for number in numbers if not medicare_is_valid(number)]

    assert len(numbers) > 1_500
    assert len(bad) == clinic.facts.invalid_medicare_numbers


def test_phones_are_fictitious_and_some_fields_hold_several(clinic):
    several = 0
    for cells in clinic.filled("Patients"):
        for field in ("Phone Home", "Mobile"):
            digits = re.sub(r"[^\d+]", "", cells.get(field, "").removesuffix(" after 5pm"))
            found = re.findall(FICTION, digits.replace("+61", "0"))
            assert bool(found) == (field in cells), cells.get(field)
            several += len(found) > 1

    assert several == clinic.facts.several_phones_in_one_field


def test_mail_addresses_cannot_reach_anybody(clinic):
    mails = [cells["Email"] for cells in clinic.filled("Patients") if "Email" in cells]

    bad = [mail for mail in mails if not re.fullmatch(r"[a-z0-9.]+@example\.(com|org)", mail)]

    assert len(bad) == clinic.facts.invalid_emails


def test_addresses_hold_returns_as_often_as_promised(clinic):
    streets = [cells["Address Street"] for cells in clinic.filled("Patients")]
    assert sum("\r" in street for street in streets) == clinic.facts.addresses_with_returns


def test_names_bring_apostrophes_marks_and_letters_beyond_latin_1(clinic):
    families = {cells["Name Last"] for cells in clinic.filled("Patients")}
    assert {"O'Brien", "O’Connor", "Müller", "Nguyễn", "de la Cruz"} <= families


def test_appointments_lack_what_the_facts_say(clinic):
    facts = clinic.facts
    rows = clinic.filled("Appointments")

    assert clinic.without("Appointments", "Clinic ID") == facts.appointments_without_clinic
    assert [cells for cells in rows if ("Clinician ID" in cells) != ("Type" in cells)] == []
    assert (
        clinic.without("Appointments", "Clinician ID")
        == facts.appointments_without_clinician_and_type
    )


def test_appointments_point_to_patients_but_for_the_orphans(clinic):
    patients = {cells["ID_Patient"] for cells in clinic.filled("Patients")}

    orphans = [c for c in clinic.filled("Appointments") if c["Patient ID"] not in patients]

    assert len(orphans) == clinic.facts.orphan_appointments
    for table in ("Letters", "Reminders", "Invoices"):
        assert {cells["Patient ID"] for cells in clinic.filled(table)} <= patients


def test_some_foreign_keys_hold_a_clinicians_name(clinic):
    keys = {cells["ID_Clinician"] for cells in clinic.filled("Clinicians")}
    names = {cells["Display Name"] for cells in clinic.filled("Clinicians")}
    used = [c["Clinician ID"] for c in clinic.filled("Appointments") if "Clinician ID" in c]

    typed = [value for value in used if value not in keys]

    assert len(typed) == clinic.facts.clinician_names_as_keys
    assert set(typed) <= names


def minutes(text):
    hour, minute, _, half = re.fullmatch(r"(\d+):(\d\d):(\d\d) (AM|PM)", text).groups()
    return int(hour) % 12 * 60 + int(minute) + (12 * 60 if half == "PM" else 0)


def test_the_diary_is_sound_but_for_the_promised_slips(clinic):
    facts = clinic.facts
    types = {c["Type Name"]: int(c["Duration"]) for c in clinic.filled("Appointment Types")}
    slips = Counter()
    for cells in clinic.filled("Appointments"):
        slips["date"] += cells["Date"] == "?"
        start, end = minutes(cells["Start Time"]), minutes(cells["End Time"])
        slips["reversed"] += end < start
        assert 8 * 60 <= min(start, end) <= max(start, end) <= 18 * 60
        if "Type" in cells:
            assert abs(end - start) == types[cells["Type"]]

    assert slips == {
        "date": facts.appointments_with_unreadable_date,
        "reversed": facts.appointments_ending_before_start,
    }


def test_the_diary_spans_three_years_back_and_eight_weeks_ahead_and_is_full_today(clinic):
    days = Counter(
        as_date(cells["Date"]) for cells in clinic.filled("Appointments") if cells["Date"] != "?"
    )

    assert 1_050 < (TODAY - min(days)).days <= 1_095
    assert 40 < (max(days) - TODAY).days <= 56
    around = [days[day] for day in days if abs((day - TODAY).days) <= 14]
    assert len(around) == 21
    assert min(around) >= 15


def test_nobody_is_booked_twice_at_a_time(clinic):
    booked = defaultdict(list)
    for cells in clinic.filled("Appointments"):
        if "Clinician ID" in cells and cells["Date"] != "?":
            start, end = minutes(cells["Start Time"]), minutes(cells["End Time"])
            key = (cells["Date"], cells["Clinician ID"])
            booked[key].append((min(start, end), max(start, end)))

    for times in booked.values():
        times.sort()
        for (_, end), (start, _) in pairwise(times):
            assert end <= start


def test_status_follows_from_the_day(clinic):
    by_time = defaultdict(Counter)
    for cells in clinic.filled("Appointments"):
        if cells["Date"] != "?":
            day = as_date(cells["Date"])
            by_time[(day > TODAY) - (day < TODAY)][cells["Status"]] += 1

    assert set(by_time[-1]) == {"Completed", "DNA", "Cancelled", "Booked"}
    assert set(by_time[0]) >= {"Completed", "Booked"}
    assert set(by_time[1]) == {"Booked", "Confirmed", "Cancelled"}


def test_notes_hold_emoji_and_long_texts(clinic):
    bodies = [cells["Body"] for cells in clinic.filled("Notes")]

    with_emoji = [body for body in bodies if re.search("[\U0001f300-\U0001faff]", body)]

    assert len(with_emoji) == clinic.facts.notes_with_emoji
    assert sum(len(body) > 1_000 for body in bodies) > 200


def test_note_records_pass_the_ids_that_take_two_bytes(clinic):
    ids = [record.id for record in clinic.file.records(clinic.tables["Notes"].id)]
    assert min(ids) < 16_512 < max(ids)


def test_documents_are_pdfs_or_name_a_file_outside(clinic):
    table = clinic.tables["Documents"].id
    outside = 0
    for cells in clinic.filled("Documents"):
        if "File" not in cells:
            continue
        reference = sources.ContainerRef.from_cell(cells["File"])
        outside += reference.is_external
        if not reference.is_external:
            found = clinic.file.container(table, reference.object_id)
            assert found.file_name == cells["File Name"]
            content = found.read()
            assert content.startswith(b"%PDF-1.4")
            start = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
            assert content[start:].startswith(b"xref")

    assert outside == clinic.facts.documents_by_reference


def test_some_documents_carry_a_preview_beside_the_file(clinic):
    objects = list(clinic.file.containers(clinic.tables["Documents"].id))
    kinds = Counter(tuple(sorted(set(each.streams) - DESCRIPTIVE)) for each in objects)

    assert set(kinds) == {("FILE",), ("PDF ",), ("JPEG", "PDF ")}
    with_preview = next(each for each in objects if "JPEG" in each.streams)
    assert with_preview.main == "PDF "
    preview = with_preview.read("JPEG")
    assert (preview[:3], preview[-2:]) == (b"\xff\xd8\xff", b"\xff\xd9")


def test_photos_are_pngs_whose_checksums_hold(clinic):
    objects = list(clinic.file.containers(clinic.tables["Images"].id))

    assert len(objects) == clinic.facts.images
    for photo in objects[:50]:
        content = photo.read()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        at = 8
        while at < len(content):
            size = int.from_bytes(content[at : at + 4], "big")
            chunk = content[at + 4 : at + 8 + size]
            end = at + 12 + size
            assert int.from_bytes(content[end - 4 : end], "big") == zlib.crc32(chunk)
            at = end
        assert (photo.width, photo.height) == (240, 180)


def test_clinics_have_names_and_colours(clinic):
    clinics = clinic.filled("Clinics")

    assert len({cells["Clinic Name"] for cells in clinics}) == 10
    assert all(re.fullmatch("#[0-9A-Fa-f]{6}", cells["Colour"]) for cells in clinics)


def test_the_solution_brings_what_grown_solutions_bring(clinic):
    fields = {
        field.name: field
        for table in clinic.tables.values()
        for field in clinic.file.fields(table.id)
    }
    kinds = {name: fields[name].kind for name in ("c_FullName", "c_Age", "s_Count", "zz_old_code")}
    assert kinds == {
        "c_FullName": "calc",
        "c_Age": "calc",
        "s_Count": "summary",
        "zz_old_code": "normal",
    }
    assert fields["g_Find"].is_global
    assert fields["Goals"].repetitions == 3
    assert any(("Goals", 3) in cells for cells in clinic.records["Patients"])
    globals_ = clinic.file.global_values(clinic.tables["zz_Globals"].id)
    assert "Wattle & Waratah Allied Health" in globals_.values()
    assert [each.name for each in clinic.file.value_lists()] == [
        "Status",
        "Funding",
        "Sex",
        "States",
    ]
    assert clinic.file.locale().date_order == "DMY"


def test_relationships_lead_from_every_child_to_its_parent(clinic):
    names = {table.id: table.name for table in clinic.tables.values()}
    found = {(names[r.right_table_id], names[r.left_table_id]) for r in clinic.file.relationships()}
    children = ("Appointments", "Notes", "Documents", "Images")
    assert {(child, "Patients") for child in children} <= found
    assert {("Clinics", "Patients"), ("Clinicians", "Appointments")} <= found


def small(path, **options):
    return write_demo_clinic(path, factor=0.05, today=TODAY, **options)


def test_equal_arguments_give_equal_bytes_and_another_seed_gives_others(tmp_path):
    def digest(name, **options):
        path = small(tmp_path / name, **options).path
        return hashlib.sha256(path.read_bytes()).hexdigest()

    assert digest("a", seed=7) == digest("b", seed=7)
    assert digest("c", seed=8) != digest("a", seed=7)


def test_the_factor_scales_records_and_defects(tmp_path):
    once = planned_facts(tmp_path, factor=1, seed=1, today=TODAY)
    thrice = planned_facts(tmp_path, factor=3, seed=1, today=TODAY)

    assert thrice.patients == 3 * once.patients
    assert thrice.appointments_without_clinician_and_type == 3 * 1_496
    assert thrice.bad_birth_dates == {k: 3 * n for k, n in once.bad_birth_dates.items()}
    with pytest.raises(FactorError, match=r"use 0\.02 or more"):
        planned_facts(tmp_path, factor=0.001, seed=1, today=TODAY)


def test_the_smallest_clinic_still_has_every_defect(tmp_path):
    facts = write_demo_clinic(tmp_path / "a.fmp12", factor=0.02, today=TODAY)

    with open_file(facts.path) as file:
        assert {t.name: t.record_count for t in file.tables()} == facts.records
    assert min(facts.bad_birth_dates.values()) == 1


def test_containers_can_be_left_out_or_made_large(tmp_path):
    without = small(tmp_path / "a.fmp12", with_containers=False)
    large = small(tmp_path / "b.fmp12", container_bytes=50_000)

    assert (without.documents, without.images) == (0, 0)
    with open_file(without.path) as file:
        assert {t.name: t.record_count for t in file.tables()} == without.records
    with open_file(large.path) as file:
        table = next(t for t in file.tables() if t.name == "Images")
        sizes = [photo.size for photo in file.containers(table.id)]
    assert len(sizes) == large.images
    assert all(49_500 < size < 50_500 for size in sizes)


def test_the_command_writes_the_file_and_prints_the_facts(tmp_path, capsys):
    path = tmp_path / "out.fmp12"

    assert main([str(path), "--factor", "0.05", "--today", "2026-11-20"]) == 0

    printed = json.loads(capsys.readouterr().out)
    assert (printed["patients"], printed["today"]) == (142, "2026-11-20")
    assert path.stat().st_size % 4096 == 0


def test_the_command_says_why_it_writes_nothing(tmp_path, capsys):
    assert main([str(tmp_path / "a.fmp12"), "--factor", "0"]) == 2
    assert "use 0.02 or more" in capsys.readouterr().err


def test_one_number_is_typed_in_many_ways(clinic):
    rng = clinic.facts.chance("test")
    shapes = {written(rng, "0255501234") for _ in range(200)}
    assert {"(02) 5550 1234", "0255501234", "5550 1234", "+61 2 5550 1234"} <= shapes


def test_mail_users_are_plain_letters():
    assert ascii_letters("Đặng-Ş Müller") == "dangsmuller"
    assert all(ascii_letters(name).isascii() and ascii_letters(name) for name in GIVEN_FEMALE)
