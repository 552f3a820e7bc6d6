"""Balances: of a site, of a run of months, of the nation; and what would explain a difference."""
