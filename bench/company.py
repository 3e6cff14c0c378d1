"""The company of the benchmarks: made, connected and asked from within the product, in a process of its own.

Django is set up by `bench.inside`; nothing here may be imported before.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db.models import Max

from accounts import broker
from accounts.actor import Actor
from accounts.http import requests_session
from accounts.models import User
from accounts.preferences import set_for_organisation
from accounts.services import create_organisation, create_user
from accounts.signing_in import identify
from sidebar.management.commands.seed_demo import connect_google, connect_salesforce
from sync.capture import scheduling
from sync.capture.batches import file_lane
from sync.capture.candidates import lanes_due
from sync.capture.mailboxes import open_mailboxes
from sync.capture.reading import read_collection
from sync.models import Collection, Decision, Intent, Item, Mailbox, Watch
from sync.services.clients import crm_of

Info = Mapping[str, Any]
_HOST = "http://localhost/host/"


def make(info: Info, addresses: Iterable[str]) -> None:
    """The organisation with these people, each connected to Salesforce and the mailbox; mail is filed without delay."""
    wanted = set(addresses)
    domains = {person["email"].rpartition("@")[2] for person in info["users"]}
    organisation = create_organisation("Larkfield Instruments", tenant_ids=[info["tenant_id"]], domains=domains)
    for person in info["users"]:
        administers = person["role"] == "administrator"
        if administers or person["email"] in wanted:
            own = person["suite"] == "microsoft"
            user = create_user(
                organisation,
                email=person["email"],
                name=person["name"],
                tenant_id=info["tenant_id"] if own else "",
                oid=person["oid"] if own else "",
                administrator=administers,
                reason="the company of the benchmarks",
            )
            if administers:
                set_for_organisation(Actor.of(user), "auto_file_delay_minutes", 0)
    for person in info["users"]:
        if person["email"] in wanted:
            _connect(info, person)


def user_of(address: str) -> User:
    return User.objects.select_related("organisation", "resource").get(email=address)


def _connect(info: Info, person: Mapping[str, Any]) -> None:
    actor = Actor.of(user_of(person["email"]))
    connect_salesforce(actor, person["email"], person["password"])
    # What the org offers is read once a day.
    crm_of(actor)
    if person["suite"] == "google":
        connect_google(actor, person["email"], person["password"])
        return
    token = _microsoft_token(info, person)
    identity, user = identify(token)
    broker.accept_assertion(user, identity, token)


def _microsoft_token(info: Info, person: Mapping[str, Any]) -> str:
    """The person's token for our scope, got as Outlook gets it: code flow with PKCE."""
    base = f"{info['microsoft_login_url']}/{info['tenant_id']}/oauth2/v2.0"
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {"client_id": info["microsoft_host_client_id"], "redirect_uri": _HOST, "scope": info["microsoft_scope"]}
    question = {**asked, "response_type": "code", "code_challenge": challenge, "code_challenge_method": "S256"}
    http = requests_session()
    form = {"username": person["email"], "password": person["password"], "decision": "sign-in"}
    sent = http.post(f"{base}/authorize", params=question, data=form, allow_redirects=False)
    [code] = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
    grant = {**asked, "grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    got = http.post(f"{base}/token", data=grant)
    got.raise_for_status()
    return str(got.json()["access_token"])


def switch_on(addresses: Iterable[str], *, watches: bool) -> list[Mailbox]:
    """Opens the mailboxes: from here on whoever works reads them. Without `watches` no push is asked for."""
    opened = [mailbox for address in addresses for mailbox in open_mailboxes(user_of(address))]
    if not watches:
        Watch.objects.filter(mailbox__in=opened).update(due_at=None)
    return opened


def run_until_idle() -> float:
    """Does in this thread what sweeper and worker do, until nothing is due; the seconds that it took."""
    began = time.perf_counter()
    while _step():
        continue
    return time.perf_counter() - began


def _step() -> int:
    done = scheduling.take_hints()
    for pk in list(scheduling.due_collections().values_list("pk", flat=True)):
        read_collection(pk)
        done += 1
    for user_id in lanes_due():
        done += file_lane(user_id)
    return done


def is_settled(mailboxes: Sequence[Mailbox]) -> bool:
    """Whether everything of these mailboxes is read, and all of it decided and written."""
    mail = Collection.objects.filter(mailbox__in=mailboxes, kind=Collection.Kind.MAIL, due_at__isnull=False)
    if mail.filter(last_success_at=None).exists() or mail.values("mailbox").distinct().count() < len(mailboxes):
        return False
    users = [mailbox.user_id for mailbox in mailboxes]
    going = Intent.objects.filter(user__in=users, state__in=[Intent.State.WAITING, Intent.State.CLAIMED])
    return not going.exists()


def settled_at(mailboxes: Sequence[Mailbox]) -> datetime:
    """When the last of it was."""
    users = [mailbox.user_id for mailbox in mailboxes]
    decided = Decision.objects.filter(item__user__in=users).aggregate(last=Max("decided_at"))["last"]
    finished = Intent.objects.filter(user__in=users).aggregate(last=Max("finished_at"))["last"]
    last: datetime = max(filter(None, [decided, finished]))
    return last


def tally(mailboxes: Sequence[Mailbox]) -> dict[str, int]:
    """How many messages were seen and captured; whatever is not decided by a rule of choice stands out."""
    items = Item.objects.filter(mailbox__in=mailboxes)
    found = {"seen": items.count()}
    for outcome in Decision.Outcome.values:
        found[outcome] = items.filter(decision__outcome=outcome).count()
    return found


def watched_folders(mailboxes: Sequence[Mailbox]) -> int:
    """How many folders the rules have read, for filing or for marks."""
    mail = Collection.objects.filter(mailbox__in=mailboxes, kind=Collection.Kind.MAIL, due_at__isnull=False)
    return mail.count()
