"""Texts through the clinic's own account at a vendor: sending, receipts, replies, costs, the alarm."""
