"""The scopes that Google knows, as far as this stand-in goes, and how it writes them.

The short names `email` and `profile` are answered with their long ones, which is what the real service does.
https://developers.google.com/identity/protocols/oauth2/scopes
"""

from __future__ import annotations

from sandbox.google.errors import OAuthError

AUTH = "https://www.googleapis.com/auth/"
EMAIL, PROFILE = f"{AUTH}userinfo.email", f"{AUTH}userinfo.profile"
OPENID = "openid"
_LONG = {"email": EMAIL, "profile": PROFILE}
# Who somebody is belongs to signing in and has no checkbox of its own.
SIGN_IN = frozenset({OPENID, EMAIL, PROFILE})

DESCRIPTIONS = {
    OPENID: "Associate you with your personal info on Google",
    EMAIL: "See your primary Google Account email address",
    PROFILE: "See your personal info, including any personal info you've made publicly available",
    "https://mail.google.com/": "Read, compose, send, and permanently delete all your email from Gmail",
    f"{AUTH}gmail.modify": "Read, compose, and send emails from your Gmail account",
    f"{AUTH}gmail.readonly": "View your email messages and settings",
    f"{AUTH}gmail.metadata": "View your email message metadata such as labels and headers, but not the email body",
    f"{AUTH}gmail.labels": "See and edit your email labels",
    f"{AUTH}gmail.compose": "Manage drafts and send emails",
    f"{AUTH}gmail.send": "Send email on your behalf",
    f"{AUTH}gmail.insert": "Add emails into your Gmail mailbox",
    f"{AUTH}gmail.settings.basic": "See, edit, create, or change your email settings and filters in Gmail",
    f"{AUTH}gmail.settings.sharing": "Manage your sensitive mail settings, including who can manage your mail",
    f"{AUTH}calendar": "See, edit, share, and permanently delete all the calendars you can access",
    f"{AUTH}calendar.events": "View and edit events on all your calendars",
    f"{AUTH}calendar.readonly": "See and download any calendar you can access",
    f"{AUTH}calendar.freebusy": "View your availability in your calendars",
    f"{AUTH}contacts": "See, edit, download, and permanently delete your contacts",
    f"{AUTH}contacts.readonly": "See and download your contacts",
    f"{AUTH}tasks": "Create, edit, organize, and delete all your tasks",
    f"{AUTH}tasks.readonly": "View your tasks",
}


def read(text: str) -> tuple[str, ...]:
    """The scopes of a request, each once, in their order and by their long names. Raises ``OAuthError``."""
    asked = tuple(dict.fromkeys(_LONG.get(name, name) for name in text.split()))
    if not asked:
        raise OAuthError("invalid_request", "Missing required parameter: scope")
    wrong = [name for name in asked if name not in DESCRIPTIONS]
    if wrong:
        good = [name for name in asked if name in DESCRIPTIONS]
        listed = f"{{valid=[{', '.join(good)}], invalid=[{', '.join(wrong)}]}}" if good else f"[{', '.join(wrong)}]"
        raise OAuthError("invalid_scope", f"Some requested scopes were invalid. {listed}")
    return asked
