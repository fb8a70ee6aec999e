import pytest

from onboarding.filemaker.live.addresses import NetworkPolicy
from onboarding.filemaker.live.connection import try_connection
from onboarding.filemaker.live.transport import Clock
from tests.onboarding.filemaker.live.conftest import LIMITS, LOOPBACK


@pytest.fixture
def tried(settings_for, patience):
    def make(interface="data-api", *, policy=LOOPBACK, **changes):
        return try_connection(
            settings_for(interface, **changes),
            policy,
            limits=LIMITS,
            clock=Clock(sleep=patience.sleep),
        )

    return make


def test_a_good_connection_says_what_it_sees(tried, seeded):
    report = tried()

    assert report.ok
    assert report.error is None
    assert (report.product, report.version) == ("FileMaker Data API Engine", "18.0.2.217")
    assert report.databases == ("Clinic",)
    assert "Import / Appointments" in report.layouts
    assert {(t.name, t.records) for t in report.tables} == {
        (t.name, len(t.records)) for t in seeded.tables
    }
    assert report.rights_missing == ()
    assert len(report.steps) == 3


def test_a_good_odata_connection_says_what_it_sees(tried):
    report = tried("odata")

    assert report.ok
    assert (report.version, len(report.tables)) == ("OData Engine 22.0.2", 14)


def test_a_database_written_with_its_ending_is_found(tried):
    assert tried(database="Clinic.fmp12").advice == ()


@pytest.mark.parametrize("interface", ["data-api", "odata"])
def test_a_wrong_password_is_tried_once_and_explained(tried, double, interface):
    report = tried(interface, password="wrong")

    assert not report.ok
    assert report.error.code == "bad-credentials"
    assert double.wrong_passwords == 1
    assert "wrong" not in repr(report.error.as_json()["message"])


def test_an_unknown_database_is_explained(tried):
    report = tried(database="Klinik")

    assert not report.ok
    assert report.error.code == "database-closed"


def test_a_missing_right_is_named_with_what_to_do(tried, double):
    double.fail(9, times=99, path="/layouts")

    report = tried()

    assert not report.ok
    assert "fmrest" in report.rights_missing[0]


def test_layouts_out_of_sight_are_rights_missing(tried, double):
    double.hidden_layouts = {"Notes"}

    report = tried()

    assert report.ok
    assert "Notes" in report.rights_missing[0]


def test_the_data_api_switched_off_is_explained(tried, double):
    double.fail(959, times=99)

    assert tried().error.code == "interface-off"


def test_a_private_server_is_refused_and_explained(tried, double):
    report = tried(policy=NetworkPolicy())

    assert report.error.code == "address-refused"
    assert "operators" in report.error.remedy
    assert double.requests == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"server": "http://fms.example.com"}, "server-name"),
        ({"server": ""}, "server-name"),
        ({"server": "localhost:1"}, "server-silent"),
        ({"authority_pem": ""}, "certificate"),
        ({"authority_pem": "/nowhere"}, "authority-file"),
    ],
)
def test_settings_that_cannot_work_are_explained(tried, changes, code):
    report = tried(**changes)

    assert not report.ok
    assert report.error.code == code
    assert report.error.remedy


def test_a_web_server_that_is_no_filemaker_server_is_explained(tried, double):
    double.spoil("body", b"<html>Welcome</html>", times=99)

    assert tried().error.code == "broken-answer"


def test_a_password_is_never_shown(settings_for, double):
    assert double.password not in repr(settings_for())


def test_the_trial_of_a_database_without_layouts_says_what_to_make(tried, double):
    double.databases["Clinic"].layouts.clear()

    report = tried()

    assert not report.ok
    assert "layout" in report.rights_missing[0]


def test_a_server_that_hides_its_databases_is_no_fault(tried, double):
    double.fail(9, path="/databases$")

    report = tried()

    assert report.ok
    assert report.databases == ()
