"""Pages of inspections: plans, what was measured, and what it says of the books."""
