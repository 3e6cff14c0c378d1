"""The demo's inbox page: a mail client in the browser around the pane, beside the sandbox only.

Its server side is the part that Outlook and its services play elsewhere: it signs people in to the sandbox, reads their
mail through Graph and gets the access token that Outlook would hand to the pane. The product's own code knows it not.
"""
