"""Pages that say who stops when goods are held back, and who depends on whom."""
