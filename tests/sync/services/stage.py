"""The product's services against the real sandbox: an organisation whose people are connected by the real flows."""

from __future__ import annotations

from typing import Any

import requests
from django.core.cache import cache
from pytest_django import Settings

from accounts import broker, crypto, microsoft
from accounts.actor import Actor
from accounts.models import Organisation, User
from accounts.services import create_organisation, create_user
from accounts.signing_in import identify
from sidebar.management.commands.seed_demo import connect_salesforce
from sync.crm import RelatedRecord
from sync.mail import Address, Attachment, MessageHint
from sync.providers.graph import folders
from sync.services.choosing import FilingRequest
from sync.services.open_email import OpenEmail, open_email
from tests.sandbox_process import SandboxProcess


class Stage:
    """Larkfield's people, and what stands in the sandbox."""

    def __init__(self, sandbox: SandboxProcess, organisation: Organisation, users: dict[str, User]) -> None:
        self.sandbox, self.organisation, self.users = sandbox, organisation, users
        self._graph: dict[str, str] = {}
        self._salesforce: dict[str, dict[str, Any]] = {}

    def actor(self, name: str = "mia") -> Actor:
        return Actor.of(User.objects.select_related("organisation", "resource").get(pk=self.users[name].pk))

    def graph(self, path: str, name: str = "mia", method: str = "GET", **body: Any) -> Any:
        """The person's mailbox as Outlook itself reads it."""
        if name not in self._graph:
            scope = "openid offline_access User.Read Mail.ReadWrite"
            self._graph[name] = self.sandbox.microsoft_login(name, scope=scope)["access_token"]
        answer = self.sandbox.http.request(
            method,
            f"{self.sandbox.info['microsoft_graph_url']}/v1.0{path}",
            headers={"Authorization": f"Bearer {self._graph[name]}"},
            timeout=30,
            json=body or None,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def salesforce(self, method: str, path: str, name: str = "ines", **body: Any) -> requests.Response:
        """The org as somebody who sees everything."""
        if name not in self._salesforce:
            self._salesforce[name] = self.sandbox.salesforce_login(name)
        given = self._salesforce[name]
        return self.sandbox.http.request(
            method,
            f"{given['instance_url']}/services/data/v66.0{path}",
            headers={"Authorization": f"Bearer {given['access_token']}"},
            timeout=30,
            json=body or None,
        )

    def query(self, soql: str) -> list[dict[str, Any]]:
        answer = self.sandbox_query(soql)
        answer.raise_for_status()
        records: list[dict[str, Any]] = answer.json()["records"]
        return records

    def sandbox_query(self, soql: str) -> requests.Response:
        return self.salesforce("GET", "/query?" + requests.models.PreparedRequest._encode_params({"q": soql}))

    def records_of(self, internet_message_id: str) -> list[dict[str, Any]]:
        """The EmailMessages with that Message-ID."""
        quoted = internet_message_id.replace("\\", "\\\\").replace("'", "\\'")
        return self.query(
            "SELECT Id, Subject, FromAddress, ToAddress, CcAddress, RelatedToId, ParentId, Incoming, TextBody, "
            f"ActivityId, (SELECT RelationId, RelationType, RelationAddress FROM EmailMessageRelations) "
            f"FROM EmailMessage WHERE MessageIdentifier = '{quoted}'"
        )

    def message(self, subject: str, name: str = "mia", folder: str = "inbox") -> dict[str, Any]:
        """The newest message of a folder with that text in its subject, as Graph gives it."""
        page = self.graph(f"/me/mailFolders/{folder}/messages?$top=400&$expand=attachments", name)
        return next(one for one in page["value"] if subject in (one["subject"] or ""))

    def receive(self, mime: str, name: str = "mia", folder: str = "inbox") -> None:
        """A message arrives in a person's mailbox."""
        self.sandbox._control(
            "POST", "mail", {"user": self.users[name].email, "folder": folder, "mime": mime.replace("\n", "\r\n")}
        )

    def calls(self, service: str = "salesforce") -> list[str]:
        return [f"{row['method']} {row['path'].split('?')[0]}" for row in self.sandbox.log(service)]

    def open(self, message: dict[str, Any], name: str = "mia") -> OpenEmail:
        return open_email(self.actor(name), hint_of(message))

    def request(self, message: dict[str, Any], name: str = "mia", **changes: Any) -> FilingRequest:
        """What a person sends who leaves the ticks as they are."""
        opened = self.open(message, name)
        chosen: dict[str, Any] = {
            "hint": opened.hint,
            "person_ids": tuple(match.person.id for match in opened.matches.people if match.linked),
            "record_ids": tuple(record.id for record in opened.choice.records),
            "attachment_keys": tuple(choice.attachment.key for choice in opened.files if choice.included),
        }
        return FilingRequest(**{**chosen, **changes})


def hint_of(message: dict[str, Any]) -> MessageHint:
    """A Graph message as a client tells it."""

    def people(field: str) -> tuple[Address, ...]:
        return tuple(_address(one) for one in message.get(field, []))

    return MessageHint(
        item_key=message["id"],
        internet_message_id=message["internetMessageId"],
        conversation_id=message["conversationId"],
        subject=message["subject"] or "",
        from_=_address(message["from"]) if message.get("from") else None,
        to=people("toRecipients"),
        cc=people("ccRecipients"),
        bcc=people("bccRecipients"),
        reply_to=people("replyTo"),
        attachments=tuple(
            Attachment(
                key=one["id"],
                name=one["name"],
                size=one["size"],
                content_type=one["contentType"] or "application/octet-stream",
                is_inline=one["isInline"],
            )
            for one in message.get("attachments", [])
        ),
    )


def _address(recipient: dict[str, Any]) -> Address:
    found = recipient["emailAddress"]
    return Address(found["address"].lower(), found.get("name", ""))


def related_ids(records: tuple[RelatedRecord, ...]) -> set[str]:
    return {record.id for record in records}


def make_stage(sandbox: SandboxProcess, settings: Settings) -> Stage:
    """Mia and Tom connected, Sofia and Ines known; nothing filed yet."""
    info = sandbox.info
    settings.ALONGSIDE_SANDBOX = True
    settings.ALONGSIDE_CA_FILE = info["ca_file"]
    settings.SALESFORCE_LOGIN_URL = info["salesforce_login_url"]
    settings.SALESFORCE_AUTHORIZE_URL = f"{info['salesforce_login_url']}/services/oauth2/authorize"
    settings.SALESFORCE_CLIENT_ID = info["salesforce_client_id"]
    settings.SALESFORCE_CLIENT_SECRET = info["salesforce_client_secret"]
    settings.MICROSOFT_LOGIN_URL = info["microsoft_login_url"]
    settings.MICROSOFT_GRAPH_URL = info["microsoft_graph_url"]
    settings.MICROSOFT_CLIENT_ID = info["microsoft_client_id"]
    settings.MICROSOFT_CLIENT_SECRET = info["microsoft_client_secret"]
    settings.MICROSOFT_CLIENT_IDS = [info["microsoft_host_client_id"]]
    cache.clear()
    crypto.forget_keys()
    microsoft.signing_keys.forget()
    folders.forget()
    organisation = create_organisation(
        "Larkfield Instruments", tenant_ids=[info["tenant_id"]], domains=["larkfield.example"]
    )
    users = {
        person["email"].split(".")[0]: create_user(
            organisation,
            email=person["email"],
            name=person["name"],
            tenant_id=info["tenant_id"],
            oid=person["oid"],
            administrator=person["role"] == "administrator",
        )
        for person in info["users"]
    }
    stage = Stage(sandbox, organisation, users)
    for name in ("mia", "tom"):
        token = sandbox.microsoft_login(name)["access_token"]
        identity, user = identify(token)
        broker.accept_assertion(user, identity, token)
        person = sandbox.user(name)
        connect_salesforce(stage.actor(name), person["email"], person["password"])
    # What the org offers is read once a day; here before the first open.
    from sync.services.clients import crm_of

    crm_of(stage.actor("mia"))
    sandbox.clear_log()
    return stage
