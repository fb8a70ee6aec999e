"""The kinds of job in a clinic's life, with what a person reads of their steps."""

from __future__ import annotations

from onboarding.lifecycle import deleting, states
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
    Kind(
        "delete",
        "Delete the clinic",
        (
            Step("check", "Looking whether it may be deleted", deleting.check),
            Step("close", "Closing the door", deleting.close),
            Step("wait", "Leaving time to call it off", deleting.wait),
            Step("count", "Writing down what there is", deleting.count),
            Step("shred", "Shredding the keys", deleting.shred),
            Step("files", "Deleting the files", deleting.delete_files),
            Step("drop", "Dropping the tables", deleting.drop),
            Step("certify", "Issuing the certificate", deleting.certify),
        ),
        needs_second=True,
        waives_second=deleting.is_unverified,
        no_return="count",
    ),
)


def register_all() -> None:
    for kind in KINDS:
        jobs.register(kind)
