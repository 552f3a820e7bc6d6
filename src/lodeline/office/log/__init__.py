"""The log as people and programs follow it: lists, changes, editions."""
