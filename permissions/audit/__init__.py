"""The audit trail: what happened, by whom, on what, in a chain for each organisation that nobody can quietly change.

    with transaction.atomic():
        ...the change itself...
        record("setting.changed", root=..., by=..., on=("setting", name), detail={...})

What is recorded comes last in the transaction, and stands or falls with it.

    entry 1 ◄─hash─ entry 2 ◄─hash─ entry 3 ◄── head (number, hash)          one chain for each organisation
                                                                              and one for events of none

Each entry's hash covers all it says and the hash before it. `actions` is the closed registry of what can be recorded,
`recording` appends, `guards` are the database's own refusals, `verifying` recomputes, `export` writes lines.
"""
