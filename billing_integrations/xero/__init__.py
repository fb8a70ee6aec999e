"""A clinic's books in Xero: contacts, invoices, credit notes and payments out; payments back; checks."""
