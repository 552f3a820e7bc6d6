"""Who may do what, what is written down of it, and what time it is."""
