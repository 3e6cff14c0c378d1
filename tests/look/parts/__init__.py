"""The examples of each part of the pane."""
