"""What people find when they come in, and what they are reminded of."""
