"""The law of a day, as it could be known on another."""
