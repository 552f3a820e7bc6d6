"""Pages of balances, of inspections, and of the reconciled nation."""
