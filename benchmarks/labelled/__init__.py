"""Detectors against worlds whose loopholes are known: plan, load, look, match, count. See `benchmarks/detection.py`."""
