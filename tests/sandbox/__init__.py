"""Tests of the sandbox: it answers as the real services do."""
