"""The sandbox's Salesforce org: signing in, records, queries and files as the real service answers them."""
