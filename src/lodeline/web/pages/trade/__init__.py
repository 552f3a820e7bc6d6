"""Pages that say who gets the metal."""
