import io

import pytest

from onboarding.filemaker.live import errors
from onboarding.filemaker.live.dataapi import DataApiClient
from onboarding.filemaker.live.dataapi_shapes import Layout
from onboarding.filemaker.live.transport import Clock, Limits

NAMED = {
    3: "no-right",
    9: "no-right",
    10: "request-refused",
    102: "schema-changed",
    105: "schema-changed",
    106: "schema-changed",
    211: "password-expired",
    212: "bad-credentials",
    214: "account-locked",
    400: "request-refused",
    402: "server-error",
    500: "value-refused",
    509: "value-refused",
    802: "database-closed",
    812: "server-full",
    952: "session-ended",
    953: "quota",
    956: "server-full",
    958: "request-refused",
    959: "interface-off",
    960: "request-refused",
    1630: "request-refused",
    1631: "server-silent",
    1700: "request-refused",
    1701: "server-broken",
    1702: "bad-credentials",
    1703: "bad-credentials",
    1704: "request-refused",
    1708: "request-refused",
    1710: "request-refused",
    1715: "request-refused",
    9999: "server-error",
}


@pytest.mark.parametrize(("number", "code"), NAMED.items())
@pytest.mark.parametrize("status", [200, 500])
def test_every_number_is_told_in_words_whatever_the_http_status(
    double, data_api, number, code, status
):
    double.fail(number, times=99, path="/records", status=status)

    with data_api() as client, pytest.raises(errors.LiveSourceError) as caught:
        client.records("Patients")

    error = caught.value
    assert (error.code, error.number) == (code, number)
    assert str(number) in error.message
    assert error.remedy
    assert error.as_json()["code"] == code


@pytest.mark.parametrize("number", [101, 401])
@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_no_records_is_the_end_and_no_error(double, data_api, number, status):
    double.fail(number, path="/records", status=status)

    with data_api() as client:
        assert client.records("Patients").rows == ()


@pytest.mark.parametrize("number", [812, 956, 802])
def test_a_full_server_is_waited_for(double, data_api, patience, number):
    double.fail(number, times=3, path="/records")

    with data_api() as client:
        assert client.records("Patients", limit=2).rows

    assert patience.waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("number", [812, 956])
def test_a_full_server_is_waited_for_at_log_in_too(double, data_api, patience, number):
    double.fail(number, times=2, path="/sessions", method="POST")

    with data_api() as client:
        client.log_in()

    assert patience.waits == [0.5, 1.0]


def test_waiting_ends(double, data_api, patience):
    double.most_sessions = 0

    with data_api() as client, pytest.raises(errors.ServerFullError):
        client.log_in()

    assert patience.waits == [0.5, 1.0, 2.0, 4.0]


def test_the_quota_stops_at_once_and_advises_a_file(double, data_api, patience):
    double.fail(953, times=99, path="/records")

    with data_api() as client, pytest.raises(errors.QuotaError) as caught:
        client.records("Patients")

    assert ".fmp12" in caught.value.remedy
    assert patience.waits == []
    assert len(double.calls("/records")) == 1


def test_an_ended_session_is_begun_again_once(double, data_api):
    with data_api() as client:
        client.records("Patients", limit=1)
        double.expire_sessions()
        assert client.records("Patients", limit=1).rows

    assert double.opened == 2


def test_a_session_that_ends_again_at_once_is_an_error(double, data_api):
    double.fail(952, times=99, path="/records")

    with data_api() as client, pytest.raises(errors.SessionEndedError):
        client.records("Patients")

    assert len(double.calls("/records")) == 2


def test_a_wrong_password_is_tried_once(double, transport):
    with (
        DataApiClient(transport(), "Clinic", account="import", password="wrong") as client,
        pytest.raises(errors.BadCredentialsError),
    ):
        client.records("Patients")

    assert double.wrong_passwords == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_without_a_number_is_tried_again(double, data_api, patience, status):
    double.spoil("status", status, times=2, path="/records")

    with data_api() as client:
        assert client.records("Patients", limit=1).rows

    assert patience.waits == [0.5, 1.0]


@pytest.mark.parametrize("harm", ["cut", "truncate"])
def test_a_broken_connection_is_tried_again(double, data_api, harm):
    double.spoil(harm, times=2, path="/records")

    with data_api() as client:
        assert client.records("Patients", limit=1).rows


@pytest.mark.parametrize("harm", ["cut", "truncate"])
def test_attempts_end(double, data_api, patience, harm):
    double.spoil(harm, times=99, path="/records")

    with data_api() as client, pytest.raises(errors.ServerSilentError):
        client.records("Patients")

    assert patience.waits == [0.5, 1.0, 2.0]


def test_the_session_is_closed_after_an_error(double, data_api):
    def work():
        with data_api() as client:
            client.records("Patients", limit=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()

    assert (double.opened, double.sessions) == (1, {})


def test_the_session_is_closed_when_somebody_stops_the_program(double, data_api):
    def stop(*_):
        raise KeyboardInterrupt

    def work():
        with data_api() as client:
            client.log_in()
            double.spoil("status", 503, path="/records")
            client.transport.clock = Clock(sleep=stop)
            client.records("Patients")

    with pytest.raises(KeyboardInterrupt):
        work()

    assert (double.opened, double.sessions) == (1, {})


@pytest.mark.parametrize("harm", ["cut", "truncate"])
def test_the_session_is_closed_although_the_first_log_out_breaks(double, data_api, harm):
    double.spoil(harm, method="DELETE")

    with data_api() as client:
        client.log_in()


def test_a_log_out_that_fails_does_not_hide_what_went_wrong(double, data_api):
    double.spoil("status", 500, times=9, method="DELETE")

    def work():
        with data_api() as client:
            client.log_in()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()

    double.sessions.clear()


def test_offsets_count_from_one_and_the_first_page_needs_none(double, data_api):
    with data_api() as client:
        first, second = client.records("Patients", limit=2).rows
        assert client.records("Patients", offset=2, limit=1).rows == (second,)
        assert client.records("Patients", offset=1, limit=1).rows == (first,)

    assert [("_offset" in target) for _, target, _ in double.calls("/records")] == [
        False,
        True,
        False,
    ]


def test_layouts_in_folders_are_found_and_lines_are_not(double, data_api):
    with data_api() as client:
        found = client.layouts()

    assert Layout("Appointments", ("Import",)) in found
    assert Layout("Patients") in found
    assert len(found) == 14


def test_names_are_whole_segments_of_the_path(double, data_api, seeded):
    patients = double.databases["Clinic"].layout("Patients")
    for name in ("a/b?c#d", "Ä ö", "..", "50 % off"):
        patients.name = name
        with data_api() as client:
            assert client.records(name, limit=1).rows


def test_scripts_are_never_run(double, live):
    with live() as source:
        list(source.records(source.tables()[0].id))

    assert double.calls("script") == []
    assert {method for method, _, _ in double.requests} == {"GET", "POST", "DELETE"}


def test_the_password_goes_to_the_log_in_only_and_never_into_a_message(double, data_api, live):
    with data_api() as client:
        client.records("Patients", limit=1)
        assert double.password not in repr(vars(client.transport))

    with_basic = [
        t for _, t, h in double.requests if h.get("Authorization", "").startswith("Basic")
    ]
    assert with_basic == ["/fmi/data/vLatest/databases/Clinic/sessions"]


@pytest.fixture
def container_url(data_api):
    with data_api() as client:
        client.log_in()
        page = client.records("Images", limit=1)
        yield client, page.rows[0].cells["Photo"]


@pytest.mark.parametrize("authenticated", [True, False])
def test_a_container_comes_by_redirect_and_cookie(double, container_url, authenticated):
    double.authenticated_stream = authenticated
    client, url = container_url
    into = io.BytesIO()

    answer = client.download(url, into)

    assert (answer.status, into.getvalue()[:4]) == (200, b"\x89PNG")
    first, second = double.calls("Streaming")
    assert "Cookie" not in first[2]
    assert second[2]["Cookie"].startswith("X-FMS-Session-Key=")


def test_a_server_that_refuses_the_token_for_a_container_is_asked_without(double, container_url):
    double.authenticated_stream, double.refuses_bearer = False, True
    client, url = container_url
    into = io.BytesIO()

    assert client.download(url, into).status == 200
    assert into.getvalue()


@pytest.mark.parametrize("harm", ["cut", "truncate"])
def test_a_container_that_breaks_off_is_fetched_again_from_its_beginning(
    double, container_url, harm
):
    client, url = container_url
    whole = io.BytesIO()
    client.download(url, whole)
    double.spoil(harm, path="Streaming", times=2)
    again = io.BytesIO()

    client.download(url, again)

    assert again.getvalue() == whole.getvalue()


def test_a_container_beyond_the_limit_is_not_kept(double, data_api):
    with data_api(limits=Limits(container_bytes=50)) as client:
        client.log_in()
        url = client.records("Images", limit=1).rows[0].cells["Photo"]
        with pytest.raises(errors.AnswerTooLargeError):
            client.download(url, io.BytesIO())


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"{}", b'"x"', b"<html>", b'{"messages": []}', b"\xff\xfe"),
        *(b'{"messages": [{"code": "x"}]}', b'{"messages": [{"code": "0"}], "response": []}'),
        *(b'{"messages": [{"code": "0"}], "response": {"data": 3}}', b"[" * 100_000),
        b'{"messages": [{"code": "0"}], "response": {"data": [{"recordId": "-1"}]}}',
        b'{"messages": [{"code": "0"}], "response": {"data": [{"recordId": "1e5"}]}}',
        b'{"messages": [{"code": "' + b"9" * 5_000 + b'"}]}',
    ],
)
def test_an_answer_of_another_shape_is_told_as_such(double, data_api, body):
    double.spoil("body", body, times=9, path="/records")

    with data_api() as client, pytest.raises(errors.BrokenAnswerError):
        client.records("Patients")
