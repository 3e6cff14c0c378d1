"""Salesforce's records in the pane: search, record, form, lead conversion, and their JSON twins."""
