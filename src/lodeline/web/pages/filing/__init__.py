"""Pages of filing: drafts, certification, receipts, deliveries, deadlines."""
