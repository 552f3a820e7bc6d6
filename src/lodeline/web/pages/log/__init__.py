"""Pages of the log, its proofs, editions, audit records; of the system and the API."""
