"""One organisation about itself: its own rows alone, never the nation."""
