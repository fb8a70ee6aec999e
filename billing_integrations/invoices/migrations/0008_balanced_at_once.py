"""Let the postings of a statement balance by entry at once, rather than when the transaction ends."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL

BALANCED = """
CREATE FUNCTION {schema}.invoices_balanced() RETURNS trigger LANGUAGE plpgsql
AS $balance$
DECLARE wrong record;
BEGIN
    SELECT n.entry_id, sum(n.cents) AS cents, count(*) AS postings INTO wrong
    FROM new_rows n GROUP BY n.entry_id HAVING sum(n.cents) <> 0 OR count(*) < 2 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger entry % does not balance: % in % postings',
            wrong.entry_id, wrong.cents, wrong.postings
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$balance$
"""
_DEFERRED = ("invoices_ledgerentry", "invoices_posting")


class Migration(migrations.Migration):
    dependencies = [("invoices", "0007_charge_since")]

    operations = [
        ClinicSQL(
            [
                *(f"DROP TRIGGER invoices_balance ON {{schema}}.{table}" for table in _DEFERRED),
                "DROP FUNCTION {schema}.invoices_balance()",
                BALANCED,
                "CREATE TRIGGER invoices_balanced AFTER INSERT ON {schema}.invoices_posting "
                "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT "
                "EXECUTE FUNCTION {schema}.invoices_balanced()",
            ]
        )
    ]
