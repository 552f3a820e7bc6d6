"""A portal that is served, the people who use it, and what its processes hold: for the benchmarks of the whole."""
