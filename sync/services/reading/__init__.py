"""What a person reads beside an open email, and writes down from there: activities, related lists, notes and tasks."""
