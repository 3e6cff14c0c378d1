"""What the engine does, by topic: who acts with which client, the context of an email, filing, and its undoing."""
