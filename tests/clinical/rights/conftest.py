"""Two people who answer for privacy, and jobs that are run by hand."""

from __future__ import annotations

import pytest


@pytest.fixture
def no_worker(monkeypatch):
    """Leave jobs waiting until a test runs them."""
    monkeypatch.setattr("tenants.tasks.run_job.apply_async", lambda *_a, **_k: None)


@pytest.fixture
def policy(in_alpha):
    from clinical.rights.policy import policy_named

    return policy_named("AU")
