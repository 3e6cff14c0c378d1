"""Measurements, each held against a target: one module for each area, `run()` gives its figures."""
