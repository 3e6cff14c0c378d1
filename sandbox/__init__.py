"""Stand-ins for Salesforce and Microsoft 365 that speak their real protocols over HTTPS, with a company inside."""
