"""Gmail's pages: what a browser, and an extension in it, find at https://mail.google.com/mail/u/N/."""
