"""The soak: the product beside its sandbox under random mail and random faults, and an oracle that says what is right.

    activity (a seeded plan) ──► harness ──► sandbox ◄── product      faults, kills, lost notifications meanwhile
        └── the mail alone ──► oracle ──► compare ◄── Salesforce as an administrator, the ledger

The oracle knows the rules from their text, never from the product's code: only `inside` imports the product.
"""
