"""The administration pages about people with their mailboxes, about mailboxes, and about issues."""
