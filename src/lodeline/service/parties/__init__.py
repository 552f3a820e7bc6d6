"""Parties: whom filed names mean, who stands behind them, and which lists name them."""
