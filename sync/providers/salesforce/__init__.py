"""Salesforce: one composite call for what is known of an email's people, one to file it, files as streams."""
