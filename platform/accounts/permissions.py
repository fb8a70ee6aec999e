"""Who may do what: one table by role, action and resource.

The checks, the menus, the tests and the staff page all read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any

from accounts.models import User
from accounts.signing_in import answer_stranger
from audit.denials import record_denial
from ui.errors import error_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

Role = User.Role


class Action(StrEnum):
    VIEW = "view"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    EXPORT = "export"
    RUN = "run"


class Resource(StrEnum):
    """What the table protects."""

    PATIENTS = "patients"
    APPOINTMENTS = "appointments"
    NOTES = "notes"
    LETTERS = "letters"
    MESSAGES = "messages"
    THREADS = "threads"
    RECALLS = "recalls"
    DOCUMENTS = "documents"
    MEASURES = "measures"
    RESULTS = "results"
    CONTACTS = "contacts"
    INVOICES = "invoices"
    REPORTS = "reports"
    IMPORTS = "imports"
    INTEGRATIONS = "integrations"
    STAFF = "staff"
    AUDIT = "audit"
    PRIVACY = "privacy"
    SETTINGS = "settings"
    SUBSCRIPTION = "subscription"
    SUPPORT = "support"
    ACCOUNT = "account"
    TENANTS = "tenants"

    @property
    def label(self) -> str:
        """How the staff page names it."""
        return _LABELS[self]


_LABELS = {
    Resource.PATIENTS: "Patients",
    Resource.APPOINTMENTS: "Appointments",
    Resource.NOTES: "Clinical notes",
    Resource.LETTERS: "Letters",
    Resource.MESSAGES: "Messages and reminders",
    Resource.THREADS: "Team messages and tasks",
    Resource.RECALLS: "Recalls",
    Resource.DOCUMENTS: "Documents and images",
    Resource.MEASURES: "Outcome measures",
    Resource.RESULTS: "Pathology results",
    Resource.CONTACTS: "Contacts and referrers",
    Resource.INVOICES: "Invoices",
    Resource.REPORTS: "Reports",
    Resource.IMPORTS: "Data import",
    Resource.INTEGRATIONS: "Integrations",
    Resource.STAFF: "Staff",
    Resource.AUDIT: "Audit trail",
    Resource.PRIVACY: "Privacy requests and registers",
    Resource.SETTINGS: "Settings",
    Resource.SUBSCRIPTION: "Plan and address",
    Resource.SUPPORT: "Support access",
    Resource.ACCOUNT: "Own account",
    Resource.TENANTS: "Clinics on the platform",
}


class Reach(StrEnum):
    """How far a permission goes."""

    ALL = "all"
    ASSIGNED = "assigned"
    OWN = "own"


@dataclass(frozen=True)
class Grant:
    """Actions on one resource, and on which of its rows."""

    actions: frozenset[Action]
    reach: Reach = Reach.ALL

    @property
    def words(self) -> str:
        """Write the actions as the staff page shows them, in the table's order."""
        return ", ".join(action.value for action in Action if action in self.actions)


def _grant(*actions: Action, reach: Reach = Reach.ALL) -> Grant:
    return Grant(frozenset(actions), reach)


_V, _C, _X, _D, _E, _R = Action
_KEEP = (_V, _C, _X, _D)
_OWN = {Resource.ACCOUNT: _grant(_V, _X, _D, reach=Reach.OWN)}
_LEADS = {
    Resource.PATIENTS: _grant(*_KEEP, _E),
    Resource.APPOINTMENTS: _grant(*_KEEP, _E),
    Resource.NOTES: _grant(*_KEEP, _E),
    Resource.LETTERS: _grant(*_KEEP, _E),
    Resource.MESSAGES: _grant(*_KEEP, _E),
    Resource.THREADS: _grant(_V, _C, _X),
    Resource.RECALLS: _grant(*_KEEP, _E),
    Resource.DOCUMENTS: _grant(*_KEEP, _E),
    Resource.MEASURES: _grant(*_KEEP, _E, _R),
    Resource.RESULTS: _grant(*_KEEP, _E),
    Resource.CONTACTS: _grant(*_KEEP, _E),
    Resource.INVOICES: _grant(*_KEEP, _E),
    Resource.REPORTS: _grant(_V, _E),
    Resource.IMPORTS: _grant(*_KEEP, _E, _R),
    Resource.INTEGRATIONS: _grant(*_KEEP, _E, _R),
    Resource.STAFF: _grant(*_KEEP),
    Resource.AUDIT: _grant(_V, _E),
    Resource.PRIVACY: _grant(*_KEEP, _E, _R),
    Resource.SETTINGS: _grant(*_KEEP),
    **_OWN,
}

TABLE: Mapping[str, Mapping[Resource, Grant]] = {
    Role.OWNER: {
        **_LEADS,
        Resource.SUPPORT: _grant(_V, _C, _X),
        Resource.SUBSCRIPTION: _grant(_V, _X),
    },
    Role.ADMIN: {**_LEADS, Resource.SUPPORT: _grant(_V)},
    Role.CLINICIAN: {
        Resource.PATIENTS: _grant(_V, _C, _X),
        Resource.APPOINTMENTS: _grant(*_KEEP),
        Resource.NOTES: _grant(_V, _C, _X),
        Resource.LETTERS: _grant(*_KEEP),
        Resource.MESSAGES: _grant(_V, _C),
        Resource.THREADS: _grant(_V, _C, _X),
        Resource.RECALLS: _grant(_V, _C, _X),
        Resource.DOCUMENTS: _grant(*_KEEP),
        Resource.MEASURES: _grant(_V, _C, _X, _R),
        Resource.RESULTS: _grant(_V, _C, _X),
        Resource.CONTACTS: _grant(_V, _C, _X),
        Resource.SETTINGS: _grant(_V),
        **_OWN,
    },
    Role.RECEPTION: {
        Resource.PATIENTS: _grant(_V, _C, _X),
        Resource.APPOINTMENTS: _grant(*_KEEP),
        Resource.LETTERS: _grant(_V),
        Resource.MESSAGES: _grant(_V, _C, _X),
        Resource.THREADS: _grant(_V, _C, _X),
        Resource.RECALLS: _grant(_V, _C, _X),
        Resource.DOCUMENTS: _grant(_V, _C, _X),
        Resource.MEASURES: _grant(_R),  # sends the links, sees no answer
        Resource.RESULTS: _grant(_C, _X),  # files them to patients, never sees what they say
        Resource.CONTACTS: _grant(_V, _C, _X),
        Resource.INVOICES: _grant(_V, _C, _X),
        Resource.SETTINGS: _grant(_V),
        **_OWN,
    },
    Role.BILLING: {
        Resource.PATIENTS: _grant(_V),
        Resource.APPOINTMENTS: _grant(_V, _E),
        Resource.THREADS: _grant(_V, _C, _X),
        Resource.CONTACTS: _grant(_V),
        Resource.INVOICES: _grant(_V, _C, _X, _E),
        Resource.REPORTS: _grant(_V, _E),
        Resource.SETTINGS: _grant(_V),
        **_OWN,
    },
    Role.COORDINATOR: {
        Resource.PATIENTS: _grant(_V, reach=Reach.ASSIGNED),
        Resource.APPOINTMENTS: _grant(_V, reach=Reach.ASSIGNED),
        **_OWN,
    },
    Role.OPERATOR: {
        Resource.TENANTS: _grant(*_KEEP, _E, _R),
        Resource.SUPPORT: _grant(_V, _C, _X, _R),
        Resource.STAFF: _grant(*_KEEP),
        Resource.AUDIT: _grant(_V, _E),
        **_OWN,
    },
}
"""Role → resource → grant. What does not stand here is refused."""

_LOOKS: Mapping[Resource, Grant] = {
    resource: _grant(_V)
    for resource in Resource
    # Who works here is seen; secrets of other services, grants and exports are not.
    if resource
    not in {Resource.INTEGRATIONS, Resource.SUPPORT, Resource.SUBSCRIPTION, Resource.TENANTS}
}
_MENDS: Mapping[Resource, Grant] = {
    **_LOOKS,
    Resource.PATIENTS: _grant(_V, _C, _X),
    Resource.CONTACTS: _grant(_V, _C, _X),
    Resource.DOCUMENTS: _grant(_V, _X),
    Resource.IMPORTS: _grant(_V, _C, _X, _R),
    Resource.SETTINGS: _grant(_V, _C, _X),
}

VISITORS: Mapping[str, Mapping[Resource, Grant]] = {
    "visit.reads": _LOOKS,
    "visit.changes": _MENDS,
    "visit.sends": {
        **_MENDS,
        Resource.APPOINTMENTS: _grant(_V, _C, _X),
        Resource.LETTERS: _grant(_V, _C, _X),
        Resource.MESSAGES: _grant(_V, _C, _X),
        Resource.RECALLS: _grant(_V, _X),
        Resource.MEASURES: _grant(_V, _R),
        Resource.INVOICES: _grant(_V, _C, _X),
    },
}
"""What somebody of the platform may do whom an owner has let in, by what they were let in for.

No row of a clinic has such a role: it is given to the person of a request, see `support.visits`.
"""

FACTOR_IS_MANDATORY = frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR})


def reach_of(user: Any, action: Action, resource: Resource) -> Reach | None:
    """Answer how far the person's permission goes; None where there is none at all."""
    if user is None or not user.is_authenticated or not user.is_active:
        return None
    grant = (TABLE.get(user.role) or VISITORS.get(user.role, {})).get(resource)
    return grant.reach if grant is not None and action in grant.actions else None


def allows(user: Any, action: Action, resource: Resource) -> bool:
    """Answer whether the person may do this to at least some rows; see `reach_of` for which."""
    return reach_of(user, action, resource) is not None


def sees_only_assigned(user: Any) -> bool:
    """Answer whether the person sees only the participants assigned to them.

    True for whoever may see no patient at all too: a caller that filters by it fails closed.
    """
    return reach_of(user, Action.VIEW, Resource.PATIENTS) is not Reach.ALL


def may(user: Any, permission: str) -> bool:
    """Answer the same for a permission written `resource.action`, such as `patients.view`.

    Raises ValueError for a name that is not in the table, so that a typing mistake shows at once.
    """
    resource, _, action = permission.partition(".")
    return allows(user, Action(action), Resource(resource))


def requires(
    action: Action, resource: Resource
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let only those through whom the table allows; `view.permission` says which it asks for.

    A stranger is sent to the log-in page. A refusal is an answer, not an exception, so that its
    audit event is kept: what raises is rolled back.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return answer_stranger(request)
            if not allows(request.user, action, resource):
                return refuse(request, action, resource)
            return view(request, *args, **kwargs)

        guarded.permission = (action, resource)  # type: ignore[attr-defined]
        return guarded

    return decorate


def refuse(request: HttpRequest, action: Action, resource: Resource) -> HttpResponseBase:
    """Answer 403 and record the denial."""
    record_denial(request, reason=f"{resource}.{action}")
    return error_response(request, 403)


class Permissions:
    """The table for one person, as templates ask it: `{% if may.patients.create %}`."""

    def __init__(self, user: Any) -> None:
        self._user = user
        self._known: dict[str, dict[str, bool]] = {}

    def __getitem__(self, resource: str) -> dict[str, bool]:
        if resource not in self._known:  # a list asks for each of its rows
            noun = Resource(resource)
            self._known[resource] = {a.value: allows(self._user, a, noun) for a in Action}
        return self._known[resource]


def context(request: HttpRequest) -> dict[str, Permissions]:
    """Context processor: `may` in every template."""
    return {"may": Permissions(getattr(request, "user", None))}


@dataclass(frozen=True)
class RoleRow:
    """One role as the staff page shows it: cells in the order of `resources`."""

    role: User.Role
    factor_is_mandatory: bool
    cells: tuple[Grant | None, ...]


def role_table(*, operators: bool = False) -> tuple[tuple[Resource, ...], tuple[RoleRow, ...]]:
    """Answer the resources and the rows of a clinic's roles, or of the operators' one."""
    roles = [role for role in Role if (role == Role.OPERATOR) is operators]
    resources = tuple(
        resource for resource in Resource if any(resource in TABLE[role] for role in roles)
    )
    rows = tuple(
        RoleRow(
            role,
            role in FACTOR_IS_MANDATORY,
            tuple(TABLE[role].get(resource) for resource in resources),
        )
        for role in roles
    )
    return resources, rows
