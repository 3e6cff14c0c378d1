"""Who gets what, everywhere: the table of permissions, routes and statuses, foreign ids, and planted canaries."""
