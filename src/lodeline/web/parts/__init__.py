"""The parts of a page as values: tables, fields, the frame around every page."""
