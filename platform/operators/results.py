"""Files that jobs come to, such as a certificate of destruction.

Whoever owns a kind of job registers how its file is opened. The console hands out a link that is
signed, good for a few minutes and for one operator. An export's archive is not among them: it is full
of patients, and only the clinic's owner takes it, in the clinic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core import signing

from onboarding.lifecycle.certificates import certificate_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from accounts.models import User
    from tenants.models import Job

GOOD_FOR_SECONDS = 5 * 60
_SALT = "operators.results"


@dataclass(frozen=True)
class ResultFile:
    """One file of a job's: its name, what it is, and its bytes in parts, opened when asked for."""

    name: str
    media_type: str
    parts: Callable[[], Iterable[bytes]]
    title: str = ""


_openers: dict[str, Callable[[Job], ResultFile | None]] = {}


class LinkError(Exception):
    """The link is somebody else's, of another job, or too old."""


def register(kind_name: str, opener: Callable[[Job], ResultFile | None]) -> None:
    """Have the file of done jobs of a kind offered; called from an AppConfig's ready().

    The opener runs in the operators' scope and answers None where there is no file any more.
    """
    _openers[kind_name] = opener


def result_of(job: Job) -> ResultFile | None:
    opener = _openers.get(job.kind)
    return opener(job) if opener is not None and job.state == job.State.DONE else None


def certificate(job: Job) -> ResultFile | None:
    """Answer the certificate of a clinic's destruction."""
    found = certificate_of(job.tenant_id) if job.tenant_id is not None else None
    if found is None:
        return None
    return ResultFile(
        name=f"destruction-of-clinic-{found.tenant_id}.pdf",
        media_type="application/pdf",
        parts=lambda: [bytes(found.pdf)],
        title="Certificate of destruction",
    )


def sign(job: Job, *, operator: User) -> str:
    return signing.dumps([str(job.pk), str(operator.pk)], salt=_SALT)


def open_signed(token: str, *, job: Job, operator: User) -> ResultFile:
    """Answer the file a link leads to. Raises LinkError."""
    try:
        named = signing.loads(token, salt=_SALT, max_age=GOOD_FOR_SECONDS)
    except signing.BadSignature:
        raise LinkError(
            "This link is too old or not ours. Go back and ask for the file anew."
        ) from None
    found = result_of(job)
    if named != [str(job.pk), str(operator.pk)] or found is None:
        raise LinkError("This link is not for you, or the file is not there any more.")
    return found
