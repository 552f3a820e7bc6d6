"""Verification by measurement: plans of visits, what they would show, and what was measured beside what was stated."""
