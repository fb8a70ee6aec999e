"""What operators and a clinic's owner may ask of backups, drills and the self-check."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection
from django.utils import timezone

from onboarding.backups import selectors
from onboarding.backups.models import Backup, SelfCheck
from tenants.scope import platform_scope, public_scope, tenant_scope

in_transaction = pytest.mark.django_db(databases=["default", "owner", "platform"])
State, Result = Backup.State, SelfCheck.Result


def backed_up(clinic, *, days_ago=0, state=State.DONE, is_verified=None) -> Backup:
    at = timezone.now() - timedelta(days=days_ago)
    return Backup.objects.create(
        tenant_id=clinic.pk, scope=Backup.Scope.CLINIC, state=state, began_at=at, as_of=at,
        is_verified=is_verified,
    )  # fmt: skip


def looked(clinic, name, result, *, days_ago=0) -> SelfCheck:
    at = timezone.now() - timedelta(days=days_ago)
    return SelfCheck.objects.create(
        run=uuid.uuid4(),
        check_name=name,
        tenant_id=clinic and clinic.pk,
        result=result,
        words="…",
        at=at,
        since=at,
    )


@in_transaction
def test_the_newest_good_backup_of_each_clinic_is_told_in_one_question(
    alpha, beta, django_assert_num_queries
):
    with platform_scope():
        good = backed_up(alpha, days_ago=2)
        backed_up(alpha, days_ago=1, is_verified=False)
        backed_up(alpha, state=State.FAILED)
        other = backed_up(beta, days_ago=9)
        with django_assert_num_queries(1, using="platform"):
            found = selectors.last_backups()

    assert found == {alpha.pk: good, beta.pk: other}


@in_transaction
def test_the_newest_look_counts_and_the_worst_comes_first(alpha, beta):
    with platform_scope():
        looked(alpha, "audit", Result.RED, days_ago=1)
        mended = looked(alpha, "audit", Result.GREEN)
        red = looked(alpha, "files", Result.RED)
        theirs = looked(beta, "audit", Result.AMBER)
        ours = looked(None, "disk", Result.GREEN)

        assert selectors.latest_selfcheck(alpha) == [red, mended]
        assert selectors.latest_selfcheck() == [ours]
        assert selectors.selfcheck_by_clinic() == {alpha.pk: red, beta.pk: theirs, None: ours}


@pytest.mark.usefixtures("committed")
def test_a_clinic_reads_its_own_rows_and_writes_none(alpha, beta):
    with public_scope(using="owner"):
        mine, _theirs = backed_up(alpha, days_ago=2), backed_up(beta)
        my_look, _ = looked(alpha, "audit", Result.GREEN), looked(beta, "audit", Result.RED)

    with tenant_scope(alpha):
        kept = selectors.of_running_clinic()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM public.backups_backup")
            seen = cursor.fetchone()

    assert (kept.backup, kept.drill, kept.checks, seen) == (mine, None, [my_look], (1,))
    for statement in (
        "UPDATE public.backups_backup SET state = 'done'",
        "DELETE FROM public.backups_selfcheck",
        "INSERT INTO public.backups_drill SELECT * FROM public.backups_drill",
    ):
        with tenant_scope(alpha), connection.cursor() as cursor:
            with pytest.raises(ProgrammingError, match="permission denied"):
                cursor.execute(statement)
            connection.set_rollback(True)
