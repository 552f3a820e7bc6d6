"""Who gets the metal: exports, sales to end customers at home, deliveries from firm to firm."""
