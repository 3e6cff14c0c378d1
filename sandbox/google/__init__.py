"""Stand-ins for Google: accounts (OAuth 2.0, OpenID Connect), Gmail, and the Pub/Sub topic that Gmail publishes to."""
