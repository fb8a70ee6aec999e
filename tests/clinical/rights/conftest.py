"""Two people who answer for privacy, and jobs that are run by hand."""

from __future__ import annotations

import pytest


@pytest.fixture
def policy(in_alpha):
    from clinical.rights.policy import policy_named

    return policy_named("AU")
