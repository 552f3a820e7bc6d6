"""Three records of the same goods laid beside each other: what was filed, what was invoiced, what crossed the border.

Nothing here moves a book. What has no partner, or differs from it, is an exception with a typed cause; what may still
come is told apart from what is missing.
"""
