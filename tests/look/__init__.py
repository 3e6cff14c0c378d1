"""How the pane looks: its colours and styles held against the rules, and an example of every state."""
