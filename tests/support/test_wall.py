"""What a visitor may not do: refused by the pages, and by the database whatever the pages do."""

from __future__ import annotations

import os

import psycopg
import pytest
from django.conf import settings
from psycopg import errors, sql

from accounts.permissions import VISITORS, Action, Resource, reach_of
from audit.models import Event
from clinical.patients.models import Patient
from support.rules import NEVER, OPEN, SEARCHES, refusal_of
from support.wall import LEFT_ALONE, SESSIONS, check_guards, wanted_guard
from tenants.isolation import IsolationReport
from tenants.scope import tenant_scope
from tests.conftest import _url
from tests.security.conftest import _make_one_of_everything
from tests.test_routes import CLINIC, DUMMY

NOBODY = DUMMY["UUIDConverter"]
READ_ONLY = errors.ReadOnlySqlTransaction
OURS = {"accounts_session"}
PROMPTS = {"decision_support_prompt"}
"""Worked out when a record is looked at; the one thing a look writes."""


def _changes(clinic) -> list[tuple[str, str]]:
    with tenant_scope(clinic):
        return [
            (event.action, event.object_type)
            for event in Event.objects.filter(action__in=["create", "update", "delete"])
            if event.object_type not in OURS | PROMPTS
        ]


def test_a_visitor_who_looks_sees_what_an_owner_does_but_what_is_kept_back(desk, alpha):
    pk = _make_one_of_everything(alpha)["patient"].pk
    visitor = desk.entered(desk.granted("reads"))
    before, wrong, seen = _changes(alpha), [], set()
    below = f"/patients/{pk}/"
    paths = {route.name: route.path.replace(f"/patients/{NOBODY}/", below) for route in CLINIC}

    for route in CLINIC:
        path = paths[route.name]
        if NOBODY in path or "x/" in path or route.permission is None:
            continue
        action, resource = route.permission
        is_open = resource in VISITORS["visit.reads"] and action is Action.VIEW
        if not is_open:
            continue  # the table refuses it, as it does anybody: tests/test_routes.py
        status = visitor.get(path).status_code
        if (status == 403) is not (route.name in NEVER) or status >= 500:
            wrong.append((route.name, status))
        if status == 200:
            seen.add(route.name)

    assert wrong == []
    assert seen >= {
        "patients:detail",
        "notes:list",
        "invoices:bills",
        "documents:list",
        "audit:trail",
    }
    assert _changes(alpha) == before


def test_a_visitor_who_looks_changes_nothing_by_any_route(desk, alpha, monkeypatch):
    visitor = desk.entered(desk.granted("reads"))
    before, wrong, sent = _changes(alpha), [], []
    monkeypatch.setattr(
        "celery.app.task.Task.apply_async", lambda task, *_args, **_options: sent.append(task.name)
    )
    may_answer = SEARCHES | OPEN | _FOR_STRANGERS | {"two_factor:login"}

    for route in CLINIC:
        if route.name in {"accounts:logout", "support:leave"} | may_answer:
            continue
        status = visitor.post(route.path, {"name": "Changed"}).status_code
        refusals = {
            refusal_of(mode="reads", method=method, route=route.name, view=route.view)
            for method in ("POST", "PUT", "PATCH", "DELETE")
        }
        if status != 403 or "" in refusals:
            wrong.append((route.name, status))

    assert wrong == []
    assert _changes(alpha) == before
    assert sent == []
    assert visitor.get("/patients/").status_code == 200, "the visit is still running"


_FOR_STRANGERS = {
    "accounts:password_reset", "accounts:password_reset_sent", "accounts:password_reset_confirm",
    "accounts:join", "accounts:invitation", "measures:answer", "styleguide",
}  # fmt: skip


@pytest.fixture
def raw_app(desk):
    name = settings.DATABASES["default"]["NAME"]
    with psycopg.connect(
        _url(os.environ["DATABASE_ADMIN_URL"], "nexus_app", name), autocommit=True
    ) as raw:
        yield raw


def _as_visitor(raw, clinic, operator, hand, statement):
    """Run a statement with all that a visit's scope says, in a transaction that is rolled back."""
    with raw.transaction(force_rollback=True):
        raw.execute(
            "SELECT set_config('search_path', %s, true), set_config('rls.tenant_id', %s, true), "
            "set_config('nexus.actor', %s, true), set_config('nexus.reach', 'all', true), "
            "set_config('nexus.hand', %s, true)",
            [f"{clinic.schema_name}, ext", str(clinic.pk), str(operator.pk), hand],
        )
        cursor = raw.execute(statement)
        return cursor.rowcount


def _tables(raw, clinic):
    rows = raw.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1",
        [clinic.schema_name],
    )
    return [row[0] for row in rows]


def test_no_statement_of_a_visitor_who_looks_changes_a_row_of_any_table(desk, alpha, raw_app):
    _make_one_of_everything(alpha)
    desk.entered(desk.granted("reads"))
    operator = desk.operator.person
    tables = _tables(raw_app, alpha)
    assert "patients_patient" in tables
    for table in tables:
        if LEFT_ALONE.fullmatch(table):
            continue
        for form in (
            "UPDATE {} SET tenant_id = tenant_id",
            "DELETE FROM {}",
            "INSERT INTO {} (tenant_id) VALUES (0)",
        ):
            statement = sql.SQL(form).format(sql.Identifier(table))
            with pytest.raises((READ_ONLY, errors.InsufficientPrivilege)):
                _as_visitor(raw_app, alpha, operator, "reads", statement)
    # The control: without a visitor's hand the same statements are let through to the policies.
    touch = "UPDATE patients_patient SET tenant_id = tenant_id"
    assert _as_visitor(raw_app, alpha, operator, "", touch) > 0


def test_a_visitor_reaches_no_session_but_their_own(desk, alpha, raw_app):
    desk.entered(desk.granted("reads"))
    operator, owner = desk.operator.person, desk.owner.person
    everyones = f"SELECT * FROM {SESSIONS}"

    for hand, seen in (("reads", 1), ("changes", 1), ("", 2)):
        assert _as_visitor(raw_app, alpha, operator, hand, everyones) == seen
    take_over = f"UPDATE {SESSIONS} SET user_id = '{owner.pk}'"
    with pytest.raises(errors.InsufficientPrivilege):
        _as_visitor(raw_app, alpha, operator, "sends", take_over)


def test_people_grants_and_secrets_are_closed_to_every_visitor(desk, alpha, raw_app):
    desk.entered(desk.granted("reads"))
    closed = [table for table in _tables(raw_app, alpha) if wanted_guard(table) == "visitor_never"]

    assert {"accounts_user", "support_access", "support_visit", "connections_connection"} <= set(
        closed
    )
    for table in closed:
        statement = sql.SQL("UPDATE {} SET tenant_id = tenant_id").format(sql.Identifier(table))
        for hand in ("reads", "changes", "sends"):
            with pytest.raises(READ_ONLY):
                _as_visitor(raw_app, alpha, desk.operator.person, hand, statement)


def test_a_table_without_its_guard_is_found(desk, alpha, superuser):
    report = IsolationReport()
    check_guards(report, alpha)
    assert report.findings == []
    on = f"ON {alpha.schema_name}.patients_patient"

    superuser.execute(
        f"ALTER TABLE {alpha.schema_name}.patients_patient DISABLE TRIGGER visitor_looks"
    )
    try:
        check_guards(report, alpha)
    finally:
        superuser.execute(
            f"ALTER TABLE {alpha.schema_name}.patients_patient ENABLE TRIGGER visitor_looks"
        )

    assert ["patients_patient" in finding for finding in report.findings] == [True], on


def test_a_visitor_who_may_change_changes_records_and_nothing_that_is_kept_back(desk, alpha):
    things = _make_one_of_everything(alpha)
    visitor = desk.entered(desk.granted("changes"))
    pk = things["patient"].pk

    archived = visitor.post(f"/patients/{pk}/archive/", {"reason": "moved away"})
    closed = {
        path: visitor.post(path, {"name": "x"}).status_code
        for path in (
            "/staff/invite/",
            f"/staff/{things['user'].pk}/deactivate/",
            "/settings/integrations/xero/connect/",
            "/settings/data/export/",
            "/settings/support/offer/",
            f"/patients/{pk}/messages/send/",
            f"/letters/{DUMMY['UUIDConverter']}/send/",
            "/settings/reminders/new/",
            "/account/",
            "/account/password/",
            "/account/two-factor/setup/",
            f"/documents/{things['document'].pk}/download/x/",
        )
    }

    assert archived.status_code == 302
    with tenant_scope(alpha):
        assert Patient.objects.get(pk=pk).is_archived
        change = Event.objects.filter(action="update", object_type="patients_patient").latest("id")
    assert change.actor_label == "operator person (Nexus support)"
    assert change.impersonator.startswith("leave of owner person, support access ")
    assert set(closed.values()) == {403}, closed


def test_no_visitor_has_what_is_never_given(desk):
    for role in VISITORS:
        person = type("Visitor", (), {"is_authenticated": True, "is_active": True, "role": role})
        for resource in (Resource.SUPPORT, Resource.INTEGRATIONS, Resource.TENANTS):
            assert not any(reach_of(person, action, resource) for action in Action)
        assert not any(reach_of(person, Action.EXPORT, resource) for resource in Resource)
        staff = [action for action in Action if reach_of(person, action, Resource.STAFF)]
        assert staff == [Action.VIEW]


def test_the_operators_role_can_write_no_case(desk, superuser):
    desk.granted()
    name = settings.DATABASES["default"]["NAME"]
    with psycopg.connect(
        _url(os.environ["DATABASE_ADMIN_URL"], "nexus_platform", name), autocommit=True
    ) as raw:
        raw.execute("SELECT set_config('rls.tenant_id', '0', false)")
        assert raw.execute("SELECT count(*) FROM support_desk_case").fetchone() == (1,)
        for statement in (
            "UPDATE support_desk_case SET state = 'granted'",
            "INSERT INTO support_desk_case SELECT * FROM support_desk_case",
            "DELETE FROM support_desk_case",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                raw.execute(statement)


def test_a_clinic_sees_its_own_cases_and_no_others(desk, alpha, beta, raw_app):
    desk.granted()
    count = "SELECT 1 FROM public.support_desk_case"

    assert _as_visitor(raw_app, alpha, desk.owner.person, "", count) == 1
    assert _as_visitor(raw_app, beta, desk.owner.person, "", count) == 0
