"""What people see: the pane beside an email, its JSON twins, and the demo's inbox page."""
