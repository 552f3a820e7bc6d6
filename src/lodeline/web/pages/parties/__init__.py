"""Pages of parties and screening."""
