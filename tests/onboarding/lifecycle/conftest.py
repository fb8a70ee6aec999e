"""Clinics as they were, after each test that has changed, made or destroyed some."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _as_they_were(only_two_clinics, no_worker):
    """Each test here has clinics of its own, and does their jobs itself."""
