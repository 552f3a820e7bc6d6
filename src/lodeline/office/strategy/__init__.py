"""Scenarios: who runs them, what is kept of a run, and what agencies of other states are told of it."""
