"""Passkeys (WebAuthn): a second factor that answers no other site than the one it was made for."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django_otp.models import Device


class Passkey(Device):  # type: ignore[misc]
    """One key of one person: what of it may be known to everybody. The rest never leaves the device."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys"
    )
    name = models.CharField(max_length=64)
    credential_id = models.BinaryField(max_length=1024, unique=True)
    credential = models.BinaryField()
    """The attested credential data: authenticator's model, credential's id, public key (COSE)."""
    sign_count = models.BigIntegerField(default=0)
    transports = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.name
