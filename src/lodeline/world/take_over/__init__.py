"""A synthetic world as the tables by which a nation is taken over."""
