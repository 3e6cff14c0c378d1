"""Tests of the soak: its plan, and above all its oracle, on cases written by hand."""
