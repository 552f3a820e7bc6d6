"""What truly lies at the sites of a synthetic world, and what an inspector's instruments show of it."""
