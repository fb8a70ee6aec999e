"""Setting a connection up, trying it out, ending it; and where its password must never be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audit.models import Event
from onboarding.filemaker.live.errors import LiveSourceError
from onboarding.imports.connection import access, selectors, services
from onboarding.imports.connection.models import FileMakerConnection
from onboarding.imports.connection.services import ConnectionUnfitError
from onboarding.imports.models import ImportRun
from onboarding.imports.runs import AnotherRunError
from tenants import vault
from tenants.scope import tenant_scope
from tests.onboarding.imports.connection.conftest import IDA, LOOPBACK, again

pytestmark = pytest.mark.usefixtures("committed")


@pytest.mark.parametrize("kind", ["dataapi", "odata"])
def test_a_server_that_lets_us_in_is_connected_and_what_it_shows_is_listed(
    alpha, connect, double, kind
):
    connection = connect(alpha, kind=kind)

    assert (connection.is_connected, connection.last_error) == (True, "")
    assert connection.checking_since is None
    assert selectors.state_of(connection).label == "Connected"
    names = {entry["name"] for entry in selectors.readable_of(connection)}
    assert "Patients" in names
    assert double.sessions == {}


def test_the_password_is_sealed_for_this_row_and_comes_out_for_the_server_only(
    alpha, connect, double
):
    connection = connect(alpha)

    assert double.password not in connection.sealed_password
    with tenant_scope(alpha):
        assert access.live_settings(connection).password == double.password
        other = FileMakerConnection(sealed_password=connection.sealed_password)
        with pytest.raises(access.PasswordLostError):
            access.live_settings(other)


def test_the_password_is_nowhere_in_the_database_in_clear(alpha, connect, double, superuser):
    connect(alpha)

    tables = superuser.execute(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
        "WHERE schemaname IN (%s, 'public')",
        [alpha.schema_name],
    ).fetchall()
    found = [
        table
        for (table,) in tables
        if superuser.execute(
            f"SELECT 1 FROM {table} AS t WHERE strpos(t::text, %s) > 0 LIMIT 1",
            [double.password],
        ).fetchone()
    ]
    assert len(tables) > 40
    assert found == []


def test_the_password_is_in_no_log_line(alpha, connect, double, caplog):
    caplog.set_level("DEBUG")

    connect(alpha)
    connect(alpha, database="Other", password="wrong " + double.password)

    assert double.password not in caplog.text


def test_what_was_done_stands_in_the_audit_trail_without_secrets(alpha, connect):
    connection = connect(alpha)
    with tenant_scope(alpha, actor=IDA):
        services.disconnect(connection)

    with tenant_scope(alpha):
        actions = list(
            Event.objects.filter(action__startswith="connection.")
            .order_by("id")
            .values_list("action", "result")
        )
    assert actions == [
        ("connection.save", "ok"),
        ("connection.test", "ok"),
        ("connection.disconnect", "ok"),
    ]


def test_a_wrong_password_is_said_in_words_and_never_tried_twice(alpha, connect, double):
    connection = connect(alpha, password="wrong")

    assert not connection.is_connected
    assert "does not accept this account name and password" in connection.last_error
    assert "Type them again" in connection.last_error_remedy
    assert double.wrong_passwords == 1
    with tenant_scope(alpha), pytest.raises(ConnectionUnfitError, match="lock the account"):
        services.request_trial(connection)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": "nowhere.invalid"}, "No server is known by the name"),
        ({"database": "Nothing"}, "cannot open this database"),
        ({"authority_pem": ""}, "certificate is not one we can trust"),
    ],
    ids=["no such server", "no such database", "unknown certificate"],
)
def test_what_is_wrong_is_said_in_words(alpha, connect, changes, words):
    connection = connect(alpha, **changes)

    assert words in connection.last_error
    assert connection.last_error_remedy
    assert selectors.state_of(connection).label == "Not connected"


def test_a_server_that_is_slow_ends_the_test_in_words(alpha, connect, double, monkeypatch):
    monkeypatch.setattr(
        services, "TRIAL_LIMITS", services.Limits(read_seconds=0.3, job_seconds=1, attempts=1)
    )
    double.spoil("slow", 0.6, times=20)

    connection = connect(alpha)

    assert connection.last_error
    assert not connection.is_connected


def test_a_test_that_takes_long_says_how_far_it_came(alpha, connect, double, monkeypatch):
    monkeypatch.setattr(services, "TRIAL_LIMITS", services.Limits(job_seconds=3, attempts=1))
    double.spoil("slow", 0.5, times=100, path="/layouts/")

    connection = connect(alpha)

    assert connection.is_connected
    assert any("There was time to look at" in line for line in connection.last_report["advice"])


def test_a_private_address_is_refused_unless_the_operators_allow_it(alpha, beta, connect, settings):
    refused = connect(beta)
    assert "private network" in refused.last_error

    settings.PRIVATE_NETWORKS = {"": LOOPBACK}
    with tenant_scope(beta):
        FileMakerConnection.objects.all().delete()
    assert connect(beta).is_connected


def test_the_kept_password_never_goes_to_another_server(alpha, connect, details):
    connection = connect(alpha)

    for change in ({"host": "evil.example"}, {"database": "Other"}, {"account": "other"}):
        with tenant_scope(alpha), pytest.raises(ConnectionUnfitError, match="Type the password"):
            services.save_connection(connection, details(password="", **change), actor=IDA)
        connection = again(alpha, connection)

    with tenant_scope(alpha):
        services.save_connection(connection, details(password=""), actor=IDA)
        assert access.live_settings(connection).password


def test_a_result_of_a_connection_that_was_changed_meanwhile_is_dropped(
    alpha, connect, details, double
):
    connection = connect(alpha)
    with tenant_scope(alpha):
        services.save_connection(connection, details(password="another"), actor=IDA)

    def change_while_tested(*_args, **_more):
        with tenant_scope(alpha):
            services.save_connection(again(alpha, connection), details(), actor=IDA)
        return services.ConnectionReport(ok=True, steps=())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "try_connection", change_while_tested)
        services.check_connection(alpha, connection.pk, actor=IDA)

    assert again(alpha, connection).last_checked_at is None


def test_disconnecting_deletes_the_secrets_and_keeps_the_address(alpha, connect):
    connection = connect(alpha)

    with tenant_scope(alpha):
        services.disconnect(connection)

    connection = again(alpha, connection)
    assert (connection.sealed_password, connection.sealed_session) == ("", "")
    assert (connection.database, connection.is_connected) == ("Clinic", False)
    with tenant_scope(alpha), pytest.raises(access.NotConnectedError):
        access.live_settings(connection)


def test_the_same_database_cannot_be_set_up_twice(alpha, connect, details):
    connect(alpha)

    with tenant_scope(alpha), pytest.raises(ConnectionUnfitError, match="set up already"):
        services.save_connection(None, details(database="CLINIC"), actor=IDA)


def test_only_one_test_runs_at_a_time_and_a_dead_one_does_not_block_for_ever(alpha, connect):
    connection = connect(alpha)
    with tenant_scope(alpha):
        services.request_trial(connection)
        with pytest.raises(ConnectionUnfitError, match="A test is running"):
            services.request_trial(connection)
        long_ago = datetime.now(UTC) - timedelta(minutes=2)
        FileMakerConnection.objects.update(checking_since=long_ago)
        services.request_trial(connection)


def test_nonsense_as_an_address_or_certificate_is_refused(alpha, details):
    for wrong in ({"host": "http://x.example"}, {"authority_pem": "-----BEGIN nothing"}):
        with tenant_scope(alpha), pytest.raises(LiveSourceError):
            services.save_connection(None, details(**wrong), actor=IDA)


def test_layouts_are_chosen_among_those_the_test_found(alpha, connect):
    connection = connect(alpha)

    with tenant_scope(alpha):
        services.choose_shown(connection, ["Patients"])
    assert again(alpha, connection).shown == ["Patients"]

    for wrong in (["Nothing"], []):
        with tenant_scope(alpha), pytest.raises(ConnectionUnfitError):
            services.choose_shown(connection, wrong)
    with tenant_scope(alpha):
        services.choose_shown(connection, [], by_hand=False)
    assert again(alpha, connection).shown == []


def test_reading_begins_a_run_and_a_second_one_is_refused(alpha, connect):
    connection = connect(alpha)

    with tenant_scope(alpha):
        run = services.begin_reading(connection, actor=IDA)
    assert (run.source.kind, run.source.file_name) == ("dataapi", "Clinic")
    with tenant_scope(alpha), pytest.raises(AnotherRunError):
        services.begin_reading(connection, actor=IDA)
    with tenant_scope(alpha):
        assert [found.state for found in ImportRun.objects.all()] == ["reading"]


def test_an_untested_connection_is_not_read(alpha, details):
    with tenant_scope(alpha):
        saved = services.save_connection(None, details(), actor=IDA)
        with pytest.raises(ConnectionUnfitError, match="Test the connection first"):
            services.begin_reading(saved, actor=IDA)


def test_a_rotated_data_key_seals_the_passwords_anew(alpha, connect, double):
    connection = connect(alpha)

    assert vault.rotate(alpha) == 1

    fresh = again(alpha, connection)
    assert fresh.sealed_password.split(".")[1] != connection.sealed_password.split(".")[1]
    with tenant_scope(alpha):
        assert access.live_settings(fresh).password == double.password


def test_a_shredded_clinics_password_has_to_be_typed_anew(alpha, connect):
    connection = connect(alpha)
    vault.shred(alpha)

    with tenant_scope(alpha):
        services.request_trial(connection)
    services.check_connection(alpha, connection.pk, actor=IDA)

    assert "cannot be opened any more" in again(alpha, connection).last_error
