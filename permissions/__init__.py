"""Who may do what: permission, role, principal, resource, authorization, and the one policy that everything asks.

The ground floor: it knows no user, mailbox or connection. Those *have* a principal or a resource.
"""
