"""What Medicare and DVA ask of an account is printed, and what is missing is said in words."""

from __future__ import annotations

import pytest

from billing_integrations.ndis.statements import statement_of, statement_paper
from clinical.contacts.models import Contact
from clinical.patients.models import Patient, PatientIdentifier
from clinical.practice.models import ProviderNumber
from clinical.referrals.models import Referral


@pytest.fixture
def veteran(billing):
    """A patient with both cards, a referral from a doctor, and a clinician with her numbers."""
    ada = Patient.objects.create(given_names="Ada", family_name="North", date_of_birth="1948-02-03")
    doctor = Contact.objects.create(
        title="Dr", family_name="Vashti", kind="gp", provider_number="2426621B"
    )
    Referral.objects.create(
        patient=ada, kind="gp", referrer=doctor, referred_on=billing.day(-30), months=12
    )
    ProviderNumber.objects.create(practitioner=billing.dana, number="1111111A")
    ProviderNumber.objects.create(
        practitioner=billing.dana, location=billing.place, number="2426621B"
    )
    for kind, value, more in (
        ("medicare", "2123456701", {"reference": "2", "expires_on": billing.day(400)}),
        ("dva", "NX123456", {"colour": "gold"}),
    ):
        PatientIdentifier.objects.create(
            patient=ada, kind=kind, value=value, normalised=value, is_valid=True, **more
        )
    return ada


def _claimed(billing, patient, payer, **charge):
    usual = {"code": "10960", "unit": "each", "quantity_hundredths": 100, "unit_cents": 9_000}
    return statement_of(billing.invoice(patient, {**usual, **charge}, payer=payer))


def test_a_rebate_is_claimed_with_number_item_provider_and_referral(billing, veteran):
    found = _claimed(billing, veteran, "patient", rebate_cents=6_080)
    content = statement_paper(found).content

    assert found.missing == []
    assert content["title"] == "Statement for a Medicare claim"
    assert ["Medicare number", "2123 45670 1"] in [list(fact) for fact in content["person"]]
    assert ["Person on the card (IRN)", "2"] in [list(fact) for fact in content["person"]]
    (row,) = content["rows"]
    assert (row["item"], row["total"], row["rebate"]) == ("10960", "$90.00", "$60.80")
    assert row["provider"] == "Dana Vane · provider number 2426621B · Harbour rooms"
    assert row["referral"].startswith("Referred by Dr Vashti · provider number 2426621B · on ")


def test_dva_gets_file_number_and_card(billing, veteran, in_alpha):
    found = _claimed(billing, veteran, "dva", code="PH20")
    paper = statement_paper(found)

    assert found.missing == []
    assert ("DVA card", "Gold card") in paper.content["person"]
    assert paper.pdf(in_alpha).startswith(b"%PDF")


def test_everything_that_is_missing_is_said(billing, veteran):
    PatientIdentifier.objects.filter(kind="dva").update(colour="", is_valid=False)
    Referral.objects.all().delete()
    Patient.objects.update(date_of_birth=None)
    billing.dana.provider_numbers.all().delete()

    found = _claimed(billing, veteran, "dva", code="physio", service_date=None)
    medicare = _claimed(billing, Patient.objects.create(family_name="New"), "medicare")

    said = " ".join(found.missing)
    for words in (
        "cannot be right", "colour of the DVA card", "date of birth", "no date of service",
        "no item number", "no provider number for this location", "No referral is on record",
    ):  # fmt: skip
        assert words in said
    assert "New has no Medicare number on record." in medicare.missing


def test_nobody_claims_what_neither_scheme_pays(billing, veteran):
    draft = billing.invoice(veteran, {}, payer="dva", issued=False)

    assert _claimed(billing, veteran, "patient") is None
    assert statement_of(draft) is None
