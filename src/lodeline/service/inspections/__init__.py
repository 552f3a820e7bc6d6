"""Inspections: plans, what was measured and sampled, and what it says of the books."""
