"""Pages of findings, their evidence and their cases."""
