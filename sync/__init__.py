"""The engine between mailboxes and Salesforce: rules, ledger, filing, and one adapter folder per provider."""
