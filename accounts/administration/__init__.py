"""The administration pages: Django's admin, where every page asks the one policy and shows one organisation.

    the pane ──ticket──► enter ──► a cookie session          an organisation's own people, no password
    password and second factor ──► desk ──► a staff session  the vendor's staff, for as long as they were let in

`place` says who looks at whose rows, `site` guards each address, `base` and `steps` are what pages are made of.
"""
