"""What people open beside an email: a record's activities and related lists, and what they write down there."""
