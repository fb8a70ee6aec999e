"""The verbs of NDIS: price lists, claims to the NDIA, what comes back of them."""

from __future__ import annotations

from billing_integrations.ndis.services.claims import (
    BatchStateError,
    NothingToClaimError,
    NotReadyError,
    claim_lines,
    keep_claimed_invoice,
    mark_sent,
    note_refusal,
    set_claim_detail,
    withdraw_batch,
)
from billing_integrations.ndis.services.errors import NdisError
from billing_integrations.ndis.services.price_lists import (
    PriceListStateError,
    RowsLeftOutError,
    discard_price_list,
    load_price_list,
    set_regions,
    use_price_list,
)
from billing_integrations.ndis.services.results import read_back

__all__ = [
    "BatchStateError",
    "NdisError",
    "NotReadyError",
    "NothingToClaimError",
    "PriceListStateError",
    "RowsLeftOutError",
    "claim_lines",
    "discard_price_list",
    "keep_claimed_invoice",
    "load_price_list",
    "mark_sent",
    "note_refusal",
    "read_back",
    "set_claim_detail",
    "set_regions",
    "use_price_list",
    "withdraw_batch",
]
