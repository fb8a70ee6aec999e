"""What the database itself holds: issued invoices stay, the ledger only grows and always balances."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL
from clinical.patients.summary_sql import summed_up

KEEP_ISSUED = """
CREATE FUNCTION {schema}.invoices_keep_issued() RETURNS trigger LANGUAGE plpgsql
AS $keep$
DECLARE
    may_change text[] := ARRAY['state', 'paid_cents', 'credited_cents', 'written_off_cents',
        'open_cents', 'voided_at', 'voided_by', 'void_reason', 'patient_id', 'batch_id', 'changed_at'];
    sums record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'an invoice begins as a draft' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'invoice % is issued: it is kept', OLD.number
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    ELSIF OLD.state = 'draft' THEN
        IF NEW.state <> 'draft' THEN
            SELECT count(*) AS lines, coalesce(sum(l.total_cents), 0) AS total,
                   coalesce(sum(l.gst_cents), 0) AS gst
            INTO sums FROM {schema}.invoices_invoiceline l WHERE l.invoice_id = NEW.id;
            IF sums.lines = 0 OR sums.total <> NEW.total_cents OR sums.gst <> NEW.gst_cents THEN
                RAISE EXCEPTION 'the lines of invoice % come to %, not to %',
                    NEW.number, sums.total, NEW.total_cents
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.state = 'draft' THEN
        RAISE EXCEPTION 'invoice % is issued: it is no draft any more', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state = 'void' THEN
        may_change := ARRAY['patient_id', 'batch_id', 'changed_at', 'open_cents'];
    END IF;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change THEN
        RAISE EXCEPTION 'invoice % is issued: it is not changed', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$keep$
"""

KEEP_LINES = """
CREATE FUNCTION {schema}.invoices_keep_lines() RETURNS trigger LANGUAGE plpgsql
AS $keep$
DECLARE above uuid[];
BEGIN
    above := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.invoice_id] WHEN 'DELETE' THEN ARRAY[OLD.invoice_id]
        ELSE ARRAY[NEW.invoice_id, OLD.invoice_id] END;
    IF EXISTS (SELECT FROM {schema}.invoices_invoice i WHERE i.id = ANY (above) AND i.state <> 'draft') THEN
        RAISE EXCEPTION 'the invoice is issued: its lines are not changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$keep$
"""

KEEP = """
CREATE FUNCTION {schema}.invoices_keep() RETURNS trigger LANGUAGE plpgsql
AS $keep$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(NEW) - TG_ARGV[0]::text[] IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV[0]::text[] THEN
        RAISE EXCEPTION 'a row of % is not changed once it stands', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$keep$
"""
"""Its argument names the columns that may change all the same."""

BALANCE = """
CREATE FUNCTION {schema}.invoices_balance() RETURNS trigger LANGUAGE plpgsql
AS $balance$
DECLARE
    asked uuid;
    sums record;
BEGIN
    IF TG_TABLE_NAME = 'invoices_posting' THEN
        asked := NEW.entry_id;
    ELSE
        asked := NEW.id;
    END IF;
    SELECT count(*) AS postings, coalesce(sum(p.cents), 0) AS cents
    INTO sums FROM {schema}.invoices_posting p WHERE p.entry_id = asked;
    IF sums.cents <> 0 OR sums.postings < 2 THEN
        RAISE EXCEPTION 'ledger entry % does not balance: % in % postings', asked, sums.cents, sums.postings
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$balance$
"""

KEPT = {
    "invoices_payment": (
        "allocated_cents,refunded_cents,left_cents,voided_at,voided_by,void_reason,reference,note,"
        "patient_id,changed_at"
    ),
    "invoices_creditnote": "allocated_cents,refunded_cents,left_cents,patient_id,changed_at",
    "invoices_creditline": "",
    "invoices_allocation": "undone_at,undone_by",
    "invoices_refund": "undone_at,undone_by",
    "invoices_writeoff": "undone_at,undone_by",
    "invoices_ledgerentry": "",
    "invoices_posting": "patient_id",
}
"""Table → what of its rows may change; `patient_id` when two records turn out to be one person's."""


def _up() -> list[str]:
    made = [KEEP_ISSUED, KEEP_LINES, KEEP, BALANCE]
    made += [
        "CREATE TRIGGER invoices_keep_issued BEFORE INSERT OR UPDATE OR DELETE "
        "ON {schema}.invoices_invoice FOR EACH ROW EXECUTE FUNCTION {schema}.invoices_keep_issued()",
        "CREATE TRIGGER invoices_keep_lines BEFORE INSERT OR UPDATE OR DELETE "
        "ON {schema}.invoices_invoiceline FOR EACH ROW EXECUTE FUNCTION {schema}.invoices_keep_lines()",
    ]
    made += [
        f"CREATE TRIGGER invoices_keep BEFORE UPDATE OR DELETE ON {{schema}}.{table} "
        f"FOR EACH ROW EXECUTE FUNCTION {{schema}}.invoices_keep('{{{{{columns}}}}}')"
        for table, columns in KEPT.items()
    ]
    made += [
        f"CREATE CONSTRAINT TRIGGER invoices_balance AFTER INSERT ON {{schema}}.{table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {schema}.invoices_balance()"
        for table in ("invoices_ledgerentry", "invoices_posting")
    ]
    return made


def _down() -> list[str]:
    return [
        *(
            f"DROP TRIGGER invoices_balance ON {{schema}}.{table}"
            for table in ("invoices_ledgerentry", "invoices_posting")
        ),
        *(f"DROP TRIGGER invoices_keep ON {{schema}}.{table}" for table in KEPT),
        "DROP TRIGGER invoices_keep_lines ON {schema}.invoices_invoiceline",
        "DROP TRIGGER invoices_keep_issued ON {schema}.invoices_invoice",
        "DROP FUNCTION {schema}.invoices_balance()",
        "DROP FUNCTION {schema}.invoices_keep()",
        "DROP FUNCTION {schema}.invoices_keep_lines()",
        "DROP FUNCTION {schema}.invoices_keep_issued()",
    ]


def _sum(table: str, cents: str, condition: str) -> str:
    return (
        f"LEFT JOIN (SELECT patient_id, sum({cents}) AS cents FROM {table} "  # noqa: S608 - constants
        f"WHERE patient_id = ANY (ids) AND {condition} GROUP BY patient_id) AS {table} "
        f"ON {table}.patient_id = one.id "
    )


OWN_BALANCE = (
    "SELECT one.id, (coalesce(invoices_pastinvoice.cents, 0) + coalesce(invoices_invoice.cents, 0) "
    "- coalesce(invoices_payment.cents, 0) - coalesce(invoices_creditnote.cents, 0))::bigint "
    "FROM unnest(ids) AS one (id) "
    + _sum(
        "invoices_pastinvoice",
        "coalesce(total_cents, 0) - coalesce(paid_cents, 0)",
        "true",
    )
    + _sum(
        "invoices_invoice",
        "open_cents",
        "payer_kind = 'patient' AND state IN ('issued', 'part_paid')",
    )
    + _sum("invoices_payment", "left_cents", "payer_kind = 'patient' AND voided_at IS NULL")
    + _sum("invoices_creditnote", "left_cents", "payer_kind = 'patient'")
)
"""What patients owe themselves, from the old system and from here, less their credit."""


def _balance_from(table: str, *columns: str) -> ClinicSQL:
    return summed_up(table, columns=columns, figures=("balance_cents",), query=OWN_BALANCE)


_PAST = _balance_from("invoices_pastinvoice", "total_cents", "paid_cents").forwards[0]


class Migration(migrations.Migration):
    dependencies = [("invoices", "0005_invoicing"), ("patients", "0008_patient_summary")]

    operations = [
        ClinicSQL(_up(), _down()),
        ClinicSQL([_PAST.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)]),
        _balance_from("invoices_invoice", "state", "payer_kind", "open_cents"),
        _balance_from("invoices_payment", "voided_at", "left_cents"),
        _balance_from("invoices_creditnote", "left_cents"),
    ]
