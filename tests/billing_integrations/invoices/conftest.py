from __future__ import annotations

import pytest


@pytest.fixture
def desk(in_alpha):
    """Answer a patient, a plan manager, a price list and who writes the invoices, in clinic alpha."""
    from tests.billing_integrations.invoices.desk import Desk

    return Desk(in_alpha)
