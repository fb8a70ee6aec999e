"""How passwords are kept."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet, 2024).

    Django's own parameters take 100 MiB a log-in: ten at once would take a gigabyte.
    """

    memory_cost = 19456
    time_cost = 2
    parallelism = 1
