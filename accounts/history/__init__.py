"""What of an organisation's configuration was changed, by whom and when; what the difference is; going back.

    with recorded(by=...):                    whatever is written in here is one step, in one transaction
        preset.save(); values.update(...)     a changed row is read before it is written, and again at the end
                                              ──► the difference ──► an audit entry and a ConfigurationChange for each

`kinds` says what of which row is configuration, `recording` catches the writes, `reading` tells people, `words` finds
the words, `restoring` goes back. Rows are caught where the ORM writes them (`accounts.models.recorded`): a write that
nobody wrapped is recorded too, by somebody unknown.
"""
