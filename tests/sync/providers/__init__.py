"""Tests of the adapters: a mock stands only where HTTP leaves the process."""
