"""What people install: the clients."""
