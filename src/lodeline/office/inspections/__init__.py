"""Who may plan and enter inspections, and that it was done."""
