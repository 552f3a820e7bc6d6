"""The log that nobody can quietly rewrite: canonical entries, a Merkle tree over them, signed checkpoints, receipts."""
