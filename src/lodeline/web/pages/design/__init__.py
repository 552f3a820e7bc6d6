"""The parts of the pages in every state."""
