"""Engines: where pure functions of frames run; none knows what it runs."""
