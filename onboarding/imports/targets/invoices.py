"""Where the fields of past invoices and of their lines go."""

from __future__ import annotations

from onboarding.imports.targets.base import INVOICE, Target
from onboarding.imports.targets.shared import patient_target

_LINE_DESCRIPTION = (
    "item|description|item description|line description|service|product|item name|details|"
    "leistung|position|bezeichnung|beschreibung|article|prestation|libelle|designation|line item|"
    "product name|service description|item text"
)
_LINE_CODE = (
    "item code|code|item no|item number|service code|product code|sku|mbs item|ndis item|"
    "support item|leistungsziffer|ziffer|artikelnummer|reference|code article"
)
_LINE_QUANTITY = (
    "quantity|qty|units|hours|count|menge|anzahl|quantite|qte|nombre|item qty|item quantity"
)
_LINE_PRICE = (
    "price|unit price|rate|item price|fee|each|preis|einzelpreis|prix|prix unitaire|tarif|unit cost|"
    "line price"
)
_LINE_AMOUNT = (
    "amount|line total|line amount|item total|item amount|extended|extended price|ext price|betrag|"
    "summe|montant|total ligne|subtotal item|total|line extended|gesamtpreis"
)


def _within(words: str) -> str:
    """Words of a line's field where it stands among the fields of the invoice itself."""
    plain = [word for word in words.split("|") if word not in {"amount", "total", "summe", "code",
             "description", "montant", "betrag", "details", "reference", "count"}]  # fmt: skip
    named = [f"{line} {word}" for line in ("line", "item") for word in words.split("|")]
    return "|".join([*plain, *named])


INVOICE_TARGETS = (
    patient_target("contact id|bill to id|customer no|account"),
    Target("number", "Invoice number", "text",
           "invoice number|invoice no|number|no|invoice|inv no|invoice id|id|rechnungsnummer|"
           "rechnung nr|rechnungs nr|nummer|numero|numero facture|facture no|inv number|id invoice|"
           "bill number|receipt number", group="Invoice"),
    Target("issued_on", "Date", "date",
           "invoice date|date|issued|date issued|date invoice|issue date|billing date|datum|"
           "rechnungsdatum|date facture|inv date|created|date created", shape="date",
           group="Invoice"),
    Target("due_on", "Due", "date",
           "due date|due|date due|payment due|fallig|fallig am|falligkeit|echeance|date echeance",
           shape="date", group="Invoice"),
    Target("payer", "Payer", "lines",
           "payer|bill to|billed to|invoice to|company|fund|debtor|account name|bill to name|"
           "rechnungsempfanger|kostentrager|payeur|debiteur|customer name|funding|bill to address",
           many=True, group="Invoice"),
    Target("description", "Description", "lines",
           "description|notes|note|comments|comment|memo|message|reference|subject|terms|"
           "bemerkung|beschreibung|remarque|remarques|objet", many=True, group="Invoice"),
    Target("total", "Total", "money",
           "total|invoice total|amount|total amount|grand total|amount due|total inc gst|total inc|"
           "gesamt|gesamtbetrag|summe|betrag|montant|montant total|total ttc|invoice amount|"
           "total incl", group="Amounts"),
    Target("paid", "Paid", "money",
           "paid|amount paid|paid amount|payments|total paid|payment|payment total|received|bezahlt|"
           "gezahlt|paye|montant paye|payment amount", group="Amounts"),
    Target("status", "Status, as it stood", "text",
           "status|state|invoice status|payment status|paid status|zustand|statut|etat",
           group="Invoice"),
    Target("xero_invoice_id", "Xero invoice id", "text",
           "xero invoice id|xero id|xero invoice|xero guid", group="Invoice"),
    Target("line_description", "Line: description", "text", _within(_LINE_DESCRIPTION), many=True,
           group="Lines", rows=True),
    Target("line_code", "Line: code", "text", _within(_LINE_CODE), group="Lines", rows=True),
    Target("line_quantity", "Line: quantity", "text", _within(_LINE_QUANTITY), group="Lines",
           rows=True),
    Target("line_price", "Line: price of one", "money", _within(_LINE_PRICE), group="Lines",
           rows=True),
    Target("line_amount", "Line: amount", "money", _within(_LINE_AMOUNT), group="Lines", rows=True),
    Target("line_other", "Line: anything else", "text",
           "line date|item date|line note|item note|line tax|item tax|line gst|item gst|"
           "service date|item service date", many=True, group="Lines", rows=True),
)  # fmt: skip

INVOICE_LINE_TARGETS = (
    Target("invoice", "Invoice", "reference",
           "invoice|invoice id|invoice no|invoice number|inv no|inv id|id invoice|rechnung|"
           "rechnungsnummer|rechnung id|facture|facture id|numero facture|bill id|order id",
           refers_to=INVOICE, group="Invoice"),
    Target("description", "Description", "text", _LINE_DESCRIPTION, many=True, group="Line"),
    Target("code", "Code", "text", _LINE_CODE, group="Line"),
    Target("quantity", "Quantity", "text", _LINE_QUANTITY, group="Line"),
    Target("price", "Price of one", "money", _LINE_PRICE, group="Line"),
    Target("amount", "Amount", "money", _LINE_AMOUNT, group="Line"),
)  # fmt: skip
