"""The kinds of job in a clinic's life, with what a person reads of their steps."""

from __future__ import annotations

from onboarding.lifecycle import cloning, deleting, moving, states
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
        "clone",
        "Make a sandbox of the clinic",
        (
            Step("reserve", "Looking at the tables", cloning.reserve),
            Step("build", "Building the sandbox", cloning.build),
            Step("copy", "Copying the records under invented names", cloning.copy),
            Step("files", "Replacing the files", cloning.write_stubs),
            Step("open", "Opening the sandbox", cloning.open_sandbox),
        ),
        from_clinic=True,
        can_cancel=False,  # it takes seconds, and half a sandbox is of no use
    ),
    Kind(
        "move",
        "Move the clinic to another database",
        (
            Step("check", "Looking at the other database", moving.check),
            Step("prepare", "Building the tables there", moving.prepare),
            Step("copy", "Copying the records; people can read meanwhile", moving.copy),
            Step("switch", "Comparing everything, and switching over", moving.switch),
            Step("open", "Opening the clinic there", moving.open_there),
        ),
        no_return="switch",
    ),
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
    jobs.register(*KINDS)
