"""What the form of a record sends, read strictly: `f.FIELD` is its text, `was.FIELD` as it stood when it was opened,
`name.FIELD` what the record is called that a lookup leads to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from django.http import QueryDict
from django.utils.translation import gettext as _

from sidebar.hints import Invalid
from sync.providers.salesforce.ids import long_id
from sync.services.records.converting import ConvertForm, ConvertSent
from sync.services.records.forms import Sent

MOST_FIELDS = 500
_NAME = re.compile(r"(f|was|name)\.([A-Za-z][A-Za-z0-9_]{0,79})\Z")
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")


def sent_of(form: QueryDict) -> Sent:
    """Raises Invalid."""
    parts: dict[str, dict[str, str]] = {"f": {}, "was": {}, "name": {}}
    for name in form:
        match = _NAME.match(name)
        if match is not None:
            parts[match[1]][match[2]] = ";".join(one for one in form.getlist(name) if one)
    if any(len(part) > MOST_FIELDS for part in parts.values()):
        raise Invalid((_("The form has too many fields."),))
    key = form.get("key", "")
    return Sent(
        texts=parts["f"],
        was=parts["was"],
        names=parts["name"],
        record_type_id=long_id(form.get("record_type", "")),
        modified=form.get("modified", "")[:40],
        key=key if _KEY.match(key) else "",
        go_on=form.get("go_on") == "true",
    )


def given_of(form: QueryDict) -> Mapping[str, str]:
    """First values for a new record: a JSON object from names of fields to texts, under `name.FIELD` what the record is
    called that a lookup leads to. What is none is ignored.
    """
    try:
        told = json.loads(form.get("defaults", "") or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict):
        return {}
    return {
        name: value[:4000]
        for name, value in list(told.items())[:MOST_FIELDS]
        if isinstance(value, str) and _NAME.match(name if name.startswith("name.") else f"f.{name}")
    }


def conversion_of(form: QueryDict) -> ConvertSent:
    """`account` and `contact` are `new`, an id, or `other` with the id in `other_account`, `other_contact`."""

    def chosen(name: str) -> str:
        value = form.get(name, "")
        value = form.get(f"other_{name}", "") if value == "other" else value
        return "" if value == "new" else value[:18]

    return ConvertSent(
        status=form.get("status", "")[:255],
        account_id=chosen("account"),
        contact_id=chosen("contact"),
        opportunity_name=form.get("opportunity_name", "").strip() if form.get("opportunity") == "true" else "",
        owner_id=form.get("owner", "")[:18],
        go_on=form.get("go_on") == "true",
    )


def first_choice(form: ConvertForm) -> ConvertSent:
    """What is chosen when the form is opened: what is there already rather than a second one."""
    return ConvertSent(
        status=form.statuses[0].value if len(form.statuses) == 1 else "",
        account_id=form.accounts[0].id if len(form.accounts) == 1 else "",
        contact_id=form.contacts[0].id if len(form.contacts) == 1 and len(form.accounts) == 1 else "",
        opportunity_name="",
        owner_id=form.owner_id,
    )
