"""`manage.py seed_demo sandbox.json`: the sandbox's company as an organisation, its people as users.

All but the last rep of each suite have connected Salesforce already, and those of Google their mailbox, through the
real sign-in flow with this command in the place of their browser; the last ones meet the dialog for connecting. What is
filed by itself waits one minute, so that a visitor sees it happen and can stop it.
"""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import connecting
from accounts.actor import Actor
from accounts.http import requests_session
from accounts.models import Organisation, System, User
from accounts.preferences import set_for_organisation
from accounts.services import create_organisation, create_user
from permissions.declare import public
from sync.services.clients import crm_of

COMPANY = "Larkfield Instruments"
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')
_BOX = re.compile(r'type="checkbox" name="([^"]+)"')


def _domain(person: dict[str, Any]) -> str:
    return str(person["email"]).rpartition("@")[2]


@public("beside the sandbox only: it makes an invented company")
class Command(BaseCommand):
    help = "Make the sandbox's company known here (only beside a sandbox)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("report", type=Path, help="the sandbox.json that the sandbox wrote")
        parser.add_argument(
            "--delay-minutes", type=int, default=1, help="how long an email waits before it is filed by itself"
        )

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
            google_domains={_domain(person) for person in report["users"] if person["suite"] == "google"},
        )
        users = [(person, self._user(organisation, report, person)) for person in report["users"]]
        connected = 0
        for suite in ("microsoft", "google"):
            reps = [(person, user) for person, user in users if (person["suite"], person["role"]) == (suite, "rep")]
            for person, user in reps[:-1]:
                actor = Actor.of(user)
                connect_salesforce(actor, person["email"], person["password"])
                crm_of(actor)
                connected += 1
                if suite == "google":
                    connect_google(actor, person["email"], person["password"])
        administrator = next(user for person, user in users if person["role"] == "administrator")
        set_for_organisation(Actor.of(administrator), "auto_file_delay_minutes", options["delay_minutes"])
        self.stdout.write(f"{len(users)} users, {connected} of them connected to Salesforce")

    def _user(self, organisation: Organisation, report: dict[str, Any], person: dict[str, Any]) -> User:
        if person["suite"] == "google":
            # As an administrator enters them: their first sign-in says which Google account they are.
            return create_user(organisation, email=person["email"], name=person["name"])
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
    asked = urlsplit(connecting.open_ticket(System.SALESFORCE, connecting.begin(actor, System.SALESFORCE)))
    # The browser would go through the demo's own address, which does not answer yet.
    address = f"{settings.SALESFORCE_LOGIN_URL}/services/oauth2/authorize?{asked.query}"
    browser = requests_session()
    page = browser.post(address, data={"username": username, "password": password, "decision": "sign-in"})
    ticket = _TICKET.search(page.text)
    if ticket is None:
        raise CommandError(f"Salesforce's sandbox did not let a rep sign in ({page.status_code}).")
    sent_back = browser.post(address, data={"ticket": ticket[1], "decision": "allow"}, allow_redirects=False)
    _finish(actor, System.SALESFORCE, sent_back)


def connect_google(actor: Actor, username: str, password: str) -> None:
    """The same for Gmail: signing in, ticking every box of the consent page, and saying yes. Raises CommandError."""
    address = connecting.open_ticket(System.GOOGLE, connecting.begin(actor, System.GOOGLE))
    browser = requests_session()
    page = browser.post(address, data={"username": username, "password": password}, allow_redirects=False)
    ticket = _TICKET.search(page.text)
    if ticket is None:
        raise CommandError(f"Google's sandbox did not let a rep sign in ({page.status_code}).")
    boxes = {unescape(name): "on" for name in _BOX.findall(page.text)}
    form = {**boxes, "ticket": ticket[1], "decision": "allow"}
    _finish(actor, System.GOOGLE, browser.post(address, data=form, allow_redirects=False))


def _finish(actor: Actor, system: System, sent_back: requests.Response) -> None:
    """What the dialog does with the answer, and the pane with its code."""
    answer = _answer(sent_back)
    state, code = answer.get("state", ""), answer.get("code", "")
    question = connecting.returned(system, state=state, code=code, error=answer.get("error", ""), issuer=None)
    connecting.finish(actor, system, connecting.confirm(system, question.secret))


def _answer(response: requests.Response) -> dict[str, str]:
    query = urlsplit(response.headers.get("location", "")).query
    return {name: values[0] for name, values in parse_qs(query).items()}
