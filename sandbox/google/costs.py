"""What each method costs, in quota units of the user's and the project's minute.

https://developers.google.com/workspace/gmail/api/reference/quota
"""

from __future__ import annotations

COSTS = {
    "gmail.users.getProfile": 1,
    "gmail.users.history.list": 2,
    "gmail.users.labels.create": 5,
    "gmail.users.labels.get": 1,
    "gmail.users.labels.list": 1,
    "gmail.users.messages.attachments.get": 20,
    "gmail.users.messages.get": 20,
    "gmail.users.messages.list": 5,
    "gmail.users.messages.modify": 5,
    "gmail.users.messages.trash": 5,
    "gmail.users.messages.untrash": 5,
    "gmail.users.stop": 50,
    "gmail.users.threads.get": 40,
    "gmail.users.watch": 100,
}
