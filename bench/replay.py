"""The calls of an engine's run, taken down at the libraries, and made again by a bare loop that stores nothing.

    engine ──► httpx, simple-salesforce, google-api-python-client ──► taken down ──► the same libraries, one by one

Whatever the first run wrote, the second writes too: ids that Salesforce gave are put into the calls that follow, as the
engine does. The time for that is not counted.
"""

from __future__ import annotations

import functools
import json
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import httplib2
import httpx
import requests
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient import discovery
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.http import BatchHttpRequest, HttpRequest
from simple_salesforce.api import Salesforce

_RECORD = re.compile(r"\b[0-9a-zA-Z]{18}\b")


@dataclass(frozen=True, slots=True)
class GraphCall:
    method: str
    url: str
    headers: Mapping[str, str]
    json: Any = None
    params: Any = None


@dataclass(frozen=True, slots=True)
class SalesforceCall:
    session_id: str
    instance_url: str
    version: str
    path: str
    method: str
    options: Mapping[str, Any]
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GmailCall:
    token: str
    uris: tuple[str, ...]
    is_batch: bool


Call = GraphCall | SalesforceCall | GmailCall


@dataclass
class Recording:
    calls: list[Call] = field(default_factory=list)


@contextmanager
def recording() -> Iterator[Recording]:
    """What this process asks of the providers meanwhile."""
    kept = Recording()
    ask_graph, ask_salesforce = httpx.Client.request, Salesforce.restful
    ask_gmail, ask_batch = HttpRequest.execute, BatchHttpRequest.execute

    @functools.wraps(ask_graph)
    def graph(client: httpx.Client, method: str, url: Any, **options: Any) -> Any:
        whole = str(client.base_url).rstrip("/") + str(url) if str(url).startswith("/") else str(url)
        kept.calls.append(GraphCall(method, whole, options["headers"], options.get("json"), options.get("params")))
        return ask_graph(client, method, url, **options)

    @functools.wraps(ask_salesforce)
    def salesforce(client: Salesforce, path: str, params: Any = None, method: str = "GET", **options: Any) -> Any:
        answer = ask_salesforce(client, path, params, method, **options)
        instance = client.base_url.partition("/services/")[0]
        sent = {"params": params} | {name: value for name, value in options.items() if name == "data"}
        ids = _ids(path, answer)
        version = str(client.sf_version)
        kept.calls.append(SalesforceCall(client.session_id, instance, version, path, method, sent, ids))
        return answer

    @functools.wraps(ask_gmail)
    def gmail(request: HttpRequest, http: Any = None, num_retries: int = 0) -> Any:
        kept.calls.append(GmailCall(http.credentials.token, (request.uri,), is_batch=False))
        return ask_gmail(request, http=http, num_retries=num_retries)

    @functools.wraps(ask_batch)
    def batch(requests_: BatchHttpRequest, http: Any = None) -> Any:
        uris = tuple(one.uri for one in requests_._requests.values())
        kept.calls.append(GmailCall(http.credentials.token, uris, is_batch=True))
        return ask_batch(requests_, http=http)

    with (
        mock.patch.object(httpx.Client, "request", graph),
        mock.patch.object(Salesforce, "restful", salesforce),
        mock.patch.object(HttpRequest, "execute", gmail),
        mock.patch.object(BatchHttpRequest, "execute", batch),
    ):
        yield kept


def _ids(path: str, answer: Any) -> tuple[str, ...]:
    """The ids of records that a collection made, in order."""
    if path != "composite/sobjects" or not isinstance(answer, list):
        return ()
    return tuple(str(one.get("id") or "") for one in answer)


class Bare:
    """The loop. Its connections are kept from one run to the next, as the engine's are."""

    def __init__(self, ca_file: str, gmail_url: str) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        self._httpx = httpx.Client(verify=context, trust_env=False, timeout=60)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file
        self._httplib2 = httplib2.Http(ca_certs=ca_file, timeout=60, proxy_info=None)
        document = json.loads(get_static_doc("gmail", "v1"))
        document.update(rootUrl=f"{gmail_url}/", baseUrl=f"{gmail_url}/", batchPath="batch/gmail/v1")
        self._gmail = discovery.build_from_document(document, http=self._httplib2)
        self._messages = self._gmail.users().messages()

    def run(self, kept: Recording) -> float:
        """Makes the calls again, one after the other; the seconds that the calls and their decoding took."""
        new_ids: dict[str, str] = {}
        spent = 0.0
        salesforce: dict[str, Salesforce] = {}
        for call in kept.calls:
            action = self._prepared(call, new_ids, salesforce)
            began = time.perf_counter()
            answer = action()
            spent += time.perf_counter() - began
            if isinstance(call, SalesforceCall) and call.ids:
                new_ids.update(zip(call.ids, _ids(call.path, answer), strict=True))
        return spent

    def _prepared(self, call: Call, new_ids: Mapping[str, str], salesforce: dict[str, Salesforce]) -> Callable[[], Any]:
        match call:
            case GraphCall():
                return lambda: self._graph(call)
            case SalesforceCall():
                options = dict(call.options)
                if new_ids and options.get("data"):
                    options["data"] = _RECORD.sub(lambda found: new_ids.get(found[0], found[0]), options["data"])
                client = salesforce.get(call.session_id)
                if client is None:
                    client = salesforce[call.session_id] = Salesforce(
                        session_id=call.session_id,
                        instance_url=call.instance_url,
                        version=call.version,
                        session=self._session,
                    )
                return lambda: client.restful(call.path, method=call.method, **options)
            case GmailCall():
                return lambda: self._ask_gmail(call)

    def _graph(self, call: GraphCall) -> Any:
        answer = self._httpx.request(call.method, call.url, headers=call.headers, json=call.json, params=call.params)
        answer.raise_for_status()
        return answer.json()

    def _ask_gmail(self, call: GmailCall) -> Any:
        http = AuthorizedHttp(Credentials(call.token), http=self._httplib2)  # type: ignore[no-untyped-call]
        made = [self._request(uri) for uri in call.uris]
        if not call.is_batch:
            return made[0].execute(http=http)
        answers: dict[str, Any] = {}

        def keep(key: str, body: Any, failure: Any) -> None:
            if failure is not None:
                raise failure
            answers[key] = body

        calls = self._gmail.new_batch_http_request(callback=keep)
        for request in made:
            calls.add(request)
        calls.execute(http=http)
        return answers

    def _request(self, uri: str) -> Any:
        """The library's own request for an address."""
        parts = urlsplit(uri)
        *_, users, user, rest = re.split(r"/(users)/([^/]+)/", parts.path)
        asked: dict[str, Any] = {}
        for name, value in parse_qsl(parts.query):
            asked[name] = [*asked[name], value] if name in asked else [value]
        plain: dict[str, Any] = {name: value[0] if len(value) == 1 else value for name, value in asked.items()}
        plain.pop("alt", None)
        resource, _, message_id = rest.partition("/")
        if resource == "messages" and message_id:
            return self._messages.get(userId=user, id=message_id, **plain)
        if resource == "messages":
            return self._messages.list(userId=user, **plain)
        owner = getattr(self._gmail, users)()
        if resource == "profile":
            return owner.getProfile(userId=user, **plain)
        return getattr(owner, resource)().list(userId=user, **plain)
