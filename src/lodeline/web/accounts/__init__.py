"""Signing in: how the account library behaves here. Nobody signs up, and all is said in both languages."""
