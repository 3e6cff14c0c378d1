"""Tests of the engine between mailboxes and Salesforce."""
