"""Two officers make a law pack the law."""
