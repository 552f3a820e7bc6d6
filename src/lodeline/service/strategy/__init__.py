"""Who stops when goods are held back, and who depends on whom: networks, scenarios, runs and dependence."""
