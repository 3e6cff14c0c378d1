"""Tests of organisations, users, sign-in, connections and the way out to providers."""
