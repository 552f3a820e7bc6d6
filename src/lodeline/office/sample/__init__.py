"""What the people of a demo have done before a visitor comes: made up, and said to be."""
