"""Industries of a size, and an outside oracle, for the benchmark of the strategic view."""
