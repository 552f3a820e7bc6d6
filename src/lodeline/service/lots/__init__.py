"""Lots: what they are called, what is tied to them, where they came from and went."""
