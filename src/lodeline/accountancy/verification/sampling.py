"""The chance that a few items, drawn by lot and measured, show that some were falsified."""

from __future__ import annotations
