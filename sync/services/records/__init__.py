"""Salesforce's records in the pane: searched, kept at hand, seen, created, changed and converted, as the person."""
