"""The rules of matching and filing as pure functions: no database, no network, no clock of their own."""
