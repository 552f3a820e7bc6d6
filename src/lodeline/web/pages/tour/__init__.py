"""Tours of the demo, and the answer key of its world."""
