"""Microsoft Graph: one person's mailbox, its messages and their attachments as streams."""
