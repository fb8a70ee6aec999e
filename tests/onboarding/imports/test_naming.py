from __future__ import annotations

import pytest

from onboarding.imports.naming import EQUAL, likeness, tokens
from onboarding.imports.targets import ENTITIES


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GivenName", ("given", "name")),
        ("kf_PatientID", ("patient", "id")),
        ("Name First", ("name", "first")),
        ("phone2", ("phone", "2")),
        ("zz_recCreateTimestamp", ("rec", "create", "timestamp")),
        ("Straße", ("strasse",)),
        ("DOB", ("dob",)),
        ("Clinics", ("clinic",)),
    ],
)
def test_a_name_is_parted_into_words(name, expected):
    assert tokens(name) == expected


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("Nachname", "family_name"),
        ("Vorname", "given_names"),
        ("Geburtsdatum", "date_of_birth"),
        ("PLZ", "home_postcode"),
        ("Handynummer", "mobile"),
        ("Prénom", "given_names"),
        ("Date de naissance", "date_of_birth"),
        ("Code postal", "home_postcode"),
        ("E-Mail", "email"),
        ("Surname", "family_name"),
        ("Patient Surname", "family_name"),
        ("Mailing Postcode", "postal_postcode"),
        ("Medicare Card Number", "medicare"),
    ],
)
def test_names_in_three_languages_are_known(name, target):
    patient = ENTITIES["patient"]
    scores = {t.name: likeness(name, t.words, patient.noise) for t in patient.targets}

    assert max(scores, key=scores.__getitem__) == target
    assert scores[target] >= 0.9


def test_more_words_mean_less_likeness():
    assert likeness("Title", "title", "") == EQUAL
    assert likeness("Job Title", "title", "") < 0.8
    assert likeness("Very Long Job Title", "title", "") == 0
