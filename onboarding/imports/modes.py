"""How a run treats what is already here: brought up to date, or replaced behind a typed confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from audit.services import record as record_event
from onboarding.imports.models import ImportRun
from onboarding.imports.runs import ImportRefusedError, WrongStateError

if TYPE_CHECKING:
    from tenants.models import Tenant

State = ImportRun.State
BEFORE_LOADING = frozenset({State.UPLOADED, State.PROFILED, State.MAPPED, State.CHECKED})


class NotConfirmedError(ImportRefusedError):
    """A full re-import needs the clinic's name, typed."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(
            f"To replace this clinic's records, type its name, “{tenant.subdomain}”, and nothing else."
        )


def is_confirmed(tenant: Tenant, typed: str) -> bool:
    """True where the clinic's name or its address was typed; capitals and spaces do not count."""
    words = " ".join(typed.split()).casefold()
    return words in {tenant.subdomain.casefold(), " ".join(tenant.name.split()).casefold()}


def may_choose_mode(run: ImportRun) -> bool:
    return run.state in BEFORE_LOADING or (
        run.state == State.FAILED
        and run.failed_in in {State.READING, State.CHECKING, State.LOADING}
    )


@transaction.atomic
def replace_everything(
    run: ImportRun, *, tenant: Tenant, typed: str, by_hand: str = ImportRun.ByHand.KEEP
) -> ImportRun:
    """Make the run a full re-import. A dry run has to be made (again) before it is loaded.

    Raises NotConfirmedError, which is audited, or WrongStateError once the run was loaded.
    """
    if not is_confirmed(tenant, typed):
        raise NotConfirmedError(tenant)
    return _choose(run, mode=ImportRun.Mode.REPLACE, by_hand=by_hand)


@transaction.atomic
def bring_up_to_date(run: ImportRun) -> ImportRun:
    """Make the run an ordinary one: created is what is new, updated what has changed since."""
    return _choose(run, mode=ImportRun.Mode.UPDATE, by_hand=ImportRun.ByHand.KEEP)


@transaction.atomic
def stop_at_gaps(run: ImportRun, *, stops: bool) -> ImportRun:
    """Say whether incomplete records stop the load, or are set aside while the rest is loaded."""
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    run.stops_at_gaps = stops
    run.save(update_fields=["stops_at_gaps"])
    return run


def _choose(run: ImportRun, *, mode: str, by_hand: str) -> ImportRun:
    run = ImportRun.objects.select_for_update(of=("self",)).select_related("source").get(pk=run.pk)
    if not may_choose_mode(run):
        raise WrongStateError(f"This import is “{run.get_state_display()}”: not now.")
    if by_hand not in ImportRun.ByHand.values:
        raise WrongStateError("Say whether records made here are kept or removed.")
    if (run.mode, run.by_hand) == (mode, by_hand):
        return run
    run.mode, run.by_hand = mode, by_hand
    if run.dry_report and run.mapping_id:
        run.dry_report, run.state, run.failed_in, run.error = {}, State.MAPPED, "", ""
    run.save(update_fields=["mode", "by_hand", "dry_report", "state", "failed_in", "error"])
    record_event(
        "import.mode",
        object_type="imports_importrun",
        object_id=str(run.pk),
        payload={"mode": mode, "by_hand": by_hand},
    )
    return run
