"""What the sandbox holds when it starts: one company's Salesforce records and its four mailboxes."""
