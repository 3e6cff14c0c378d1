"""Settings, addresses, entry points: the only place that reads the environment."""
