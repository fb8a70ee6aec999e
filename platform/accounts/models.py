"""People who sign in: a clinic's staff in its own schema, the operators in `public`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from tenants.ids import uuid7
from tenants.models import ClinicModel


class UserManager(BaseUserManager["User"]):
    """Knows the people of the scope. Rows that only stand for visitors' names are not among them."""

    def get_queryset(self) -> models.QuerySet[User]:
        return super().get_queryset().exclude(role=User.VISITOR)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):  # type: ignore[django-manager-missing] # of passkeys: its base is untyped
    """One person of one clinic, or one operator; they sign in with their e-mail address.

    Somebody invited has a row without a usable password until they have followed the link.
    """

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        ADMIN = "admin", "Administrator"
        CLINICIAN = "clinician", "Clinician"
        RECEPTION = "reception", "Reception"
        BILLING = "billing", "Billing"
        COORDINATOR = "coordinator", "Support coordinator"
        OPERATOR = "operator", "Platform operator"

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        INVITED = "invited", "Invited"
        DEACTIVATED = "deactivated", "Deactivated"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=12, choices=Role)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Set while an invitation is open; its link is bound to this moment.
    invited_at = models.DateTimeField(null=True, blank=True)

    VISITOR = "visitor"
    """The role of a row that stands for somebody of the platform who was let in: it never signs in."""

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "role"]
    objects = UserManager()

    # The device that proved this session's second factor; set by the middleware, never stored.
    otp_device: Any = None
    # Of a visitor from the platform: what they were let in by; set for one request, never stored.
    visit: Any = None

    class Meta:
        verbose_name = "staff member"
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="accounts_user_email_is_lower"
            ),
            models.CheckConstraint(
                condition=~models.Q(
                    role__in=["visitor", "visit.reads", "visit.changes", "visit.sends"]
                )
                | models.Q(is_active=False),
                name="accounts_user_visitor_is_no_account",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def is_verified(self) -> bool:
        """Answer whether this session has passed the second factor."""
        return self.otp_device is not None

    @property
    def state(self) -> User.State:
        if not self.is_active:
            return self.State.DEACTIVATED
        return self.State.INVITED if self.invited_at else self.State.ACTIVE

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Tie sessions to the role too: whatever else fails, a session never outlives either."""
        return salted_hmac(
            "accounts.User.session",
            f"{self.pk}:{self.role}:{self.password}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class Session(ClinicModel):
    """One browser's session. The table holds a digest: its rows open no session."""

    key_digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")
    data = models.TextField()
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar = ["-last_seen_at"]

    def __str__(self) -> str:
        return f"session {self.pk}"
