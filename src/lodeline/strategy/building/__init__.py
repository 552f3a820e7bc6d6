"""The network of a base window, built of the ledger's rows, and how much of them it does not explain."""
