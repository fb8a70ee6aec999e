"""The demo's records: something of each kind, and notes that are signed as people sign them."""

from __future__ import annotations

import pytest

from billing_integrations.invoices.models import PastInvoice
from clinical.appointments.demo import fill_demo_clinic
from clinical.letters.models import Letter, LetterTemplate
from clinical.messages.models import Message, Reminder
from clinical.notes.models import Note, NoteVersion
from onboarding.demo_data.records import fill_demo_records
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default"])


def test_records_are_filled_once(beta):
    fill_demo_clinic(beta)

    written = fill_demo_records(beta)

    assert written > 0
    assert fill_demo_records(beta) == 0
    with tenant_scope(beta):
        assert Note.objects.filter(state="signed", is_imported=False).count() == written
        assert NoteVersion.objects.count() == written
        for model in (Letter, LetterTemplate, Message, Reminder, PastInvoice):
            assert model.objects.exists(), model


def test_a_clinic_without_visits_stays_empty(beta):
    assert fill_demo_records(beta) == 0
