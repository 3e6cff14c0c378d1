"""Arranging the pane: which objects, fields, filters and actions it shows, in which order."""
