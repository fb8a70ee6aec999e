"""What can be wrong with a change to invoices; each message is for a person."""

from __future__ import annotations


class InvoiceError(ValueError):
    """What was asked for cannot be done."""


class NotADraftError(InvoiceError):
    """The invoice is issued: it is not edited any more."""


class NotOpenError(InvoiceError):
    """Nothing is owed on the invoice."""


class NothingToChargeError(InvoiceError):
    """An invoice without lines, or a visit without an item or a price."""


class AlreadyChargedError(InvoiceError):
    """The visit stands on an invoice already."""


class ChangedMeanwhileError(InvoiceError):
    """Somebody else has changed it since the actor read it."""


class TooMuchError(InvoiceError):
    """More than there is to allocate, credit, refund or write off."""


class StillSettledError(InvoiceError):
    """Payments, credit notes or write-offs have to be taken back first."""


class OtherPayerError(InvoiceError):
    """The money is somebody else's than who owes."""


class PaymentVoidError(InvoiceError):
    """The payment was taken back already."""
