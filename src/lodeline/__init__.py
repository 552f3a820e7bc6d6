"""Lodeline: traceability and control for rare earths and magnets."""

__version__ = "0.1.0"
