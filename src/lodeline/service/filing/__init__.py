"""Filing: a month is checked, judged against what is held, and becomes an entry."""
