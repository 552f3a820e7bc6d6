"""Who decides whom names mean."""
