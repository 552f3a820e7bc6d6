"""Entries: what goes into the log, under which salts, and what opens it again."""
