"""Demo data in and out, as jobs an owner asks for."""

from __future__ import annotations

from onboarding.demo_data.filling import fill
from onboarding.demo_data.removing import remove
from tenants.jobs import Kind, Step, register

FILL = "demo_fill"
REMOVE = "demo_remove"

KINDS = (
    Kind(
        FILL,
        "Demo data in",
        (Step("fill", "Inventing patients and their records", fill),),
        from_clinic=True,
    ),
    Kind(
        REMOVE,
        "Demo data out",
        (Step("remove", "Taking the invented records out", remove),),
        from_clinic=True,
        can_cancel=False,
    ),
)


def register_all() -> None:
    register(*KINDS)
