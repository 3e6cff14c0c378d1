"""`manage.py seed_demo sandbox.json`: the sandbox's company as an organisation, its people as users.

All but the last rep have connected Salesforce already, through the real sign-in flow with this command in the place of
their browser; the last one meets the dialog for connecting.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import connecting
from accounts.actor import Actor
from accounts.http import requests_session
from accounts.models import Organisation, User
from accounts.services import create_organisation, create_user
from sync.services.clients import crm_of

COMPANY = "Larkfield Instruments"
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')


class Command(BaseCommand):
    help = "Make the sandbox's company known here (only beside a sandbox)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("report", type=Path, help="the sandbox.json that the sandbox wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ALONGSIDE_SANDBOX:
            raise CommandError("seed_demo is for an installation beside a sandbox: ALONGSIDE_SANDBOX is not set.")
        report = json.loads(options["report"].read_text(encoding="utf-8"))
        if Organisation.objects.filter(name=COMPANY).exists():
            self.stdout.write("The company is known already.")
            return
        organisation = create_organisation(
            COMPANY,
            tenant_ids=[report["tenant_id"]],
            domains={person["email"].rpartition("@")[2] for person in report["users"]},
        )
        users = [(person, self._user(organisation, report, person)) for person in report["users"]]
        reps = [(person, user) for person, user in users if person["role"] == "rep"]
        for person, user in reps[:-1]:
            actor = Actor.of(user)
            connect_salesforce(actor, person["email"], person["password"])
            crm_of(actor)
        self.stdout.write(f"{len(users)} users, {len(reps) - 1} of them connected to Salesforce")

    def _user(self, organisation: Organisation, report: dict[str, Any], person: dict[str, Any]) -> User:
        return create_user(
            organisation,
            email=person["email"],
            name=person["name"],
            tenant_id=report["tenant_id"],
            oid=person["oid"],
            administrator=person["role"] == "administrator",
            reason="the demo's company",
        )


def connect_salesforce(actor: Actor, username: str, password: str) -> None:
    """The whole flow of connecting, with the person's part of it done here. Raises CommandError."""
    asked = urlsplit(connecting.open_ticket(connecting.begin(actor)))
    # The browser would go through the demo's own address, which does not answer yet.
    address = f"{settings.SALESFORCE_LOGIN_URL}/services/oauth2/authorize?{asked.query}"
    browser = requests_session()
    page = browser.post(address, data={"username": username, "password": password, "decision": "sign-in"})
    ticket = _TICKET.search(page.text)
    if ticket is None:
        raise CommandError(f"Salesforce's sandbox did not let a rep sign in ({page.status_code}).")
    sent_back = browser.post(address, data={"ticket": ticket[1], "decision": "allow"}, allow_redirects=False)
    answer = _answer(sent_back)
    question = connecting.returned(state=answer.get("state", ""), code=answer.get("code", ""), error="", issuer=None)
    connecting.finish(actor, connecting.confirm(question.secret))


def _answer(response: requests.Response) -> dict[str, str]:
    query = urlsplit(response.headers.get("location", "")).query
    return {name: values[0] for name, values in parse_qs(query).items()}
