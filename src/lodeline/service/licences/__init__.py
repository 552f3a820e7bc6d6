"""Licences and quotas: granted, drawn on, reserved, and what is left of them."""
