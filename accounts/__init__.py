"""Who the users are, how they sign in, and what they have connected: organisations, users, sessions, secrets."""
