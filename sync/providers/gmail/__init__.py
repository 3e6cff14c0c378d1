"""Gmail: one person's mailbox, read by history, in batches, within its quota."""
