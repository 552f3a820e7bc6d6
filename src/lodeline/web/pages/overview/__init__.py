"""The overview, the home pages, and finding things."""
