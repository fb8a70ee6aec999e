"""Issued invoices may lose a person's name, and nothing else may happen to them: by the owner, for an erasure.

The web's role cannot do it: the setting alone opens nothing.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

from clinical.patients.functions import ClinicSQL

walls = import_module("billing_integrations.invoices.migrations.0006_ledger_walls")

_LET = """BEGIN
    IF TG_OP = 'UPDATE' AND current_user = 'nexus_owner'
       AND current_setting('nexus.erasing', true) = 'on' THEN
        RETURN NEW;
    END IF;
"""


def _again(function: str, *, begin: str = "BEGIN\n") -> str:
    return function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1).replace(
        "BEGIN\n", begin, 1
    )


FUNCTIONS = (walls.KEEP_ISSUED, walls.KEEP_LINES, walls.KEEP)


class Migration(migrations.Migration):
    dependencies = [("invoices", "0008_balanced_at_once")]

    operations = [
        ClinicSQL(
            [_again(function, begin=_LET) for function in FUNCTIONS],
            [_again(function) for function in FUNCTIONS],
        )
    ]
