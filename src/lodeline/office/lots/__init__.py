"""Lots as their holder may see them."""
