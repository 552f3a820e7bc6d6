"""Instruments of a scenario, and what they leave open of a network on each day."""
