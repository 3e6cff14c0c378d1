"""The page on which a person sees and steers the synchronisation of their own mailboxes, in the pane and in a tab."""
