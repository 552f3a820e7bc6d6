"""Pages of balances, and of the reconciled nation."""
