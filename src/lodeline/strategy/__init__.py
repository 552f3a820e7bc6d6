"""Which plant stops, on which day, for want of which element, when goods are held back; who depends on whom."""
