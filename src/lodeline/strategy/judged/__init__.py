"""How good a run is: forecasts of stop days scored against what was true, and the run held against April 2025."""
