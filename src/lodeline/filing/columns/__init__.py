"""Columns of a file: their names, and what a firm calls them."""
