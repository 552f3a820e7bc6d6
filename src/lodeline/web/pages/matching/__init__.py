"""Pages where filings, invoices and the border disagree."""
