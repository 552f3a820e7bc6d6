"""Who asks, from where, for which region, and that a look was written down."""
