"""The engine that files by itself: from a hint to one record in Salesforce, through crashes, exactly once.

    hint, schedule, person ──► a collection is due                                               `scheduling`
      └─ ① claimed by one worker                                                                  `claims`
           └─ ② one page is read ──► ③ ONE transaction: items, decisions, cursor, intents          `reading`, `storing`
                └─ … the last page ──► idle until the next hint or the safety poll

    an intent is due (its delay is over)
      └─ ④ up to 200 of one user are claimed                                                      `batches`
           └─ ⑤ one call matches their people and looks up what Salesforce holds                  `matching`
                └─ ⑥ whole messages are fetched of those that will be filed, and judged again
                     └─ ⑦ emails are written in one call ──► ⑧ their relations in another          `writing`
                          └─ ⑨ ONE transaction: links, decisions, intents done, intents of files
                               └─ ⑩ each file is a step of its own                            `sync.services.execute`

Killed before ③, the page is read again from the cursor that stands. Killed from ③ on, the intents stand: the lease of
whoever held them ends and the sweeper wakes another worker, whose look-up at ⑤ finds what ⑦ may have written; ⑧ adds
only what is missing. A write without an answer (`Ambiguous`) takes the same road. The fencing token of a lease keeps
whoever wakes up late from recording anything after another took over.

The database is the truth and the broker only wakes: each row has `due_at`, a message carries an id and means "look".
No transaction is open while a provider is asked.
"""
