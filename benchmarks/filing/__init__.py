"""Several processes that file into one ledger: for the benchmark of ingest."""
