"""Filings held against the records of other authorities: invoices and customs lines."""
