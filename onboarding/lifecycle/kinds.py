"""The kinds of job in a clinic's life, with what a person reads of their steps."""

from __future__ import annotations

from onboarding.lifecycle import states
from tenants import jobs
from tenants.jobs import Kind, Step

KINDS = (
    Kind(
        "create",
        "Make a clinic",
        (
            Step("reserve", "Reserving the address", states.reserve),
            Step("build", "Building the tables", states.build),
        ),
    ),
    Kind(
        "rename",
        "Give the clinic another address",
        (Step("rename", "Changing the address", states.rename),),
        from_clinic=True,
    ),
    Kind("suspend", "Suspend the clinic", (Step("suspend", "Closing the door", states.suspend),)),
    Kind(
        "reactivate",
        "Open the clinic again",
        (Step("reactivate", "Opening the door", states.reactivate),),
    ),
    Kind("archive", "Archive the clinic", (Step("archive", "Putting it away", states.archive),)),
)


def register_all() -> None:
    for kind in KINDS:
        jobs.register(kind)
