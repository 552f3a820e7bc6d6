"""Simulated visits: how often they find out, beside theory, beside the books alone and beside visits without a plan."""
