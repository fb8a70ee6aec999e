"""Both sides compared: what agrees, what differs, and what a clinic reads about it."""

from __future__ import annotations

from datetime import date

import pytest

from billing_integrations.xero import checking, matching, polling
from billing_integrations.xero import services as xero
from billing_integrations.xero.checking import Difference, Ours
from billing_integrations.xero.models import XeroLink, XeroRun, XeroSettings
from clinical.patients.models import Patient
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.billing_integrations.xero.conftest import deliver


def _check(clinic) -> XeroRun:
    run_id = checking.start(clinic)
    checking.run(clinic, run_id)
    with tenant_scope(clinic):
        return XeroRun.objects.get(pk=run_id)


@pytest.mark.usefixtures("committed")
def test_the_comparison_agrees_until_somebody_changes_one_side(
    alpha, connect, issue, peer, sign_in
):
    organisation = connect(alpha)
    with tenant_scope(alpha):
        for cents in (5000, 7000, 9000):
            issue(cents)
    deliver(alpha)

    agreed = _check(alpha)

    assert (agreed.state, agreed.compared, agreed.difference_cents) == ("done", 3, 0)
    assert agreed.found == []

    rows = {row["Total"]: row["InvoiceID"] for row in peer.everything(organisation, "Invoices")}
    peer.change_invoice(organisation, rows[50.0], Status="VOIDED", AmountDue=0)
    peer.change_invoice(organisation, rows[70.0], Total=77.0, AmountDue=77.0)
    with tenant_scope(alpha):
        peer.refusals["INV-000004"] = "Account code '200' is not a valid code for this document."
        issue(1000)
    deliver(alpha)

    found = _check(alpha)

    assert [(one["kind"], one["number"], one["ours"], one["theirs"]) for one in found.found] == [
        ("only_here", "INV-000001", 5000, None),
        ("differs", "INV-000002", 7000, 7700),
        ("only_here", "INV-000004", 1000, None),
    ]
    assert found.found[2]["advice"] == "Account code '200' is not a valid code for this document."
    polling.poll(alpha)
    with tenant_scope(alpha):
        odd = XeroLink.objects.get(kind="invoice", state="odd")
        assert "voided in Xero" in odd.problem

    client = sign_in(alpha, "billing")
    page = client.get("/settings/integrations/xero/check/").content.decode()
    assert "INV-000002" in page
    assert "$70.00" in page
    link_id = found.found[2]["invoice"]
    assert (
        "Try again"
        in client.get(f"/settings/integrations/xero/invoices/{link_id}/").content.decode()
    )
    peer.refusals.clear()
    again = client.post(f"/settings/integrations/xero/invoices/{link_id}/again/")
    assert again.status_code == 302
    deliver(alpha)
    assert len(peer.everything(organisation, "Invoices")) == 4


def test_what_stands_in_xero_only_is_told_by_its_number_and_odd_states_by_theirs():
    one = Ours(uuid7(), "INV-1", "issued", 100, 100, "a", "linked", "")
    void = Ours(uuid7(), "INV-2", "void", 100, 0, "b", "gone", "")
    seen = {"status": "AUTHORISED", "total": 100, "due": 100}
    theirs = {
        "a": seen | {"number": "INV-1"},
        "b": seen | {"number": "INV-2"},
        "c": seen | {"number": "INV-3"},
        "d": seen | {"number": "RENT-1"},
        "e": seen | {"number": "INV-4", "status": "DELETED"},
    }

    found = checking.compare([one, void], theirs, prefix="INV-")

    assert [(diff.kind, diff.number) for diff in found] == [
        ("differs", "INV-2"),
        ("only_there", "INV-3"),
    ]
    assert isinstance(found[0], Difference)
    assert checking.compare([one], {"a": seen | {"number": "INV-1"}}, prefix="INV-") == []


@pytest.mark.usefixtures("committed")
def test_contacts_of_an_import_are_linked_where_xero_still_has_them(
    alpha, connect, issue, peer, sign_in
):
    organisation = connect(alpha)
    there = peer._do(organisation, "POST", "/Contacts", {"Contacts": [{"Name": "Dora Former"}]})[
        "Contacts"
    ][0]["ContactID"]
    owner = sign_in(alpha, "owner").person
    with tenant_scope(alpha):
        dora = Patient.objects.create(family_name="Former", xero_contact_id=there.upper())
        Patient.objects.create(family_name="Gone", xero_contact_id=str(uuid7()))
        Patient.objects.create(family_name="Odd", xero_contact_id="see card")
        run = xero.ask_run(XeroRun.Kind.CONTACTS, actor=owner)

    matching.run(alpha, run.pk)

    with tenant_scope(alpha):
        run.refresh_from_db()
        assert (run.state, run.compared, run.counts["linked"], run.counts["missing"]) == (
            "done", 2, 1, 1,
        )  # fmt: skip
        found = matching.former_of(organisation)
        assert (found.patients, found.linked, found.unreadable) == (2, 1, 1)
        issue(4000, patient=dora)
    deliver(alpha)
    [invoice] = peer.everything(organisation, "Invoices")
    assert invoice["Contact"]["ContactID"] == there
    assert len(peer.everything(organisation, "Contacts")) == 1


@pytest.mark.usefixtures("committed")
def test_the_settings_page_maps_and_refuses_what_is_incomplete(alpha, beta, connect, sign_in):
    organisation = connect(alpha)
    with tenant_scope(alpha):
        XeroSettings.objects.update(income={}, go_live=None)
    owner, url = sign_in(alpha, "owner"), "/settings/integrations/xero/"
    given = {"naming": "number", "wording": "neutral", "neutral_words": "Visit",
             "go_live": "2026-11-01", "bank_default": "090", "tax_free": "EXEMPTOUTPUT",
             "tax_taxable": "OUTPUT"}  # fmt: skip

    assert owner.get(url).status_code == 200
    assert owner.post(url, given).status_code == 422
    assert owner.post(url, given | {"income_default": "200"}).status_code == 302

    with tenant_scope(alpha):
        saved = XeroSettings.objects.get(organisation=organisation)
        assert (saved.income["default"], saved.go_live, saved.naming) == (
            "200", date(2026, 11, 1), "number",
        )  # fmt: skip
    for clinic, role in ((beta, "owner"), (alpha, "reception"), (alpha, "clinician")):
        answer = sign_in(clinic, role).post(url, given | {"income_default": "210"})
        assert answer.status_code in {200, 403}
    with tenant_scope(alpha):
        assert XeroSettings.objects.get().income["default"] == "200"
