"""Pages of the register: organisations, sites, methods."""
