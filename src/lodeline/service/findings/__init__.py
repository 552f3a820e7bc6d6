"""Findings: what the detectors see, and the evidence of each as a bundle that stands alone."""
