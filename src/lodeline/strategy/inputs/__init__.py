"""What a run is told beside the ledger: six tables that users file, read and judged; and what is assumed."""
