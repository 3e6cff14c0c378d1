"""simple-salesforce under our policy: our session, one refresh, our errors, the limits observed.

before ──► call ──► 401 INVALID_SESSION_ID ──► renew the token once ──► before, the same call once ──► still 401:
  │          │                                                                                      NeedsReconnect
  │          └────► any other answer, or none ──► the answer, or an error of `sync.errors`
  └─ raises ──► no call                 └─ each answer that tells how much of the allowance is used ──► observe
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import requests
from django.conf import settings
from django.utils.translation import gettext_noop
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from accounts.http import TargetRefused, requests_session
from sync import errors
from sync.providers.salesforce.errors import SESSION_EXPIRED, error_for, error_for_silence
from sync.providers.tokens import SalesforceSession

MAX_SUBREQUESTS = 25
MAX_QUERIES = 5
MAX_URI_BYTES = 16 * 1024
#: The answer of a conditional read where nothing has changed.
NOT_MODIFIED: Final = object()


@dataclass(frozen=True, slots=True)
class ApiUsage:
    """Calls of the org in the last 24 hours, as `Sforce-Limit-Info` of the last answer said."""

    used: int
    allowed: int


@dataclass(frozen=True, slots=True)
class Subrequest:
    """One part of a composite call. `url` begins with `/services/data/`."""

    reference: str
    method: str
    url: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subresponse:
    reference: str
    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class StreamedBody(Protocol):
    """A request body that is read in blocks and knows its length."""

    @property
    def content_type(self) -> str: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def read(self, amount: int = ..., /) -> bytes: ...


class SalesforceClient:
    """One Salesforce user's view of an org. Cheap to make; not to be shared between threads.

    `before` is called ahead of each HTTP call and may raise (`QuotaSpent`): then no call is made. `observe` is told of
    the allowance by each answer that speaks of it, refusals too.

    Raises, from every call: `Throttled`, `NeedsReconnect`, `Gone`, `Conflict`, `Refused`, `Forbidden`, `QuotaSpent`,
    `Unavailable`, and from calls that write also `Ambiguous`.
    """

    def __init__(
        self,
        session: SalesforceSession,
        *,
        observe: Callable[[ApiUsage], None] | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        self.session = session
        self._report = observe
        self._ask = before
        self.version: str = settings.SALESFORCE_API_VERSION
        self.api_usage: ApiUsage | None = None
        self._token = ""
        self._sf: Salesforce | None = None

    @property
    def instance_url(self) -> str:
        return self.session.instance_url.rstrip("/")

    def query_url(self, soql: str) -> str:
        """The path and query of a query, as a sub-request names it."""
        return f"/services/data/v{self.version}/query?" + urlencode({"q": soql}, safe="(),'@:")

    @property
    def collections_url(self) -> str:
        return f"/services/data/v{self.version}/composite/sobjects"

    def sobject_url(self, object_name: str) -> str:
        return f"/services/data/v{self.version}/sobjects/{object_name}"

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Reads `path` below `/services/data/vNN.0/`; gives the decoded answer."""
        return self._restful(path, method="GET", writes=False, params=dict(params or {}))

    def get_unless(self, path: str, e_tag: str) -> Any:
        """As `get`; `NOT_MODIFIED` where the resource still has this entity tag."""
        headers = {"If-None-Match": e_tag} if e_tag else {}
        return self._restful(path, method="GET", writes=False, headers=headers)

    def delete(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        return self._restful(path, method="DELETE", writes=True, params=dict(params or {}))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._restful(path, method="POST", writes=True, data=json.dumps(body))

    def patch(self, path: str, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> Any:
        return self._restful(path, method="PATCH", writes=True, data=json.dumps(body), headers=dict(headers or {}))

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The first page of a query's records (2,000, fewer where Salesforce says so)."""
        answer = self.get("query", {"q": soql})
        records = answer.get("records") if isinstance(answer, dict) else None
        if not isinstance(records, list):
            raise errors.Unavailable(gettext_noop("Salesforce's answer could not be read."), code="UNREADABLE")
        return records

    def versions(self) -> tuple[str, ...]:
        """The API versions that the org offers, such as "66.0". Asked for without a token."""
        self._before()
        try:
            response = requests_session().get(self.instance_url + "/services/data/")
            if not response.ok:
                raise error_for(response.status_code, None, retry_after=response.headers.get("Retry-After"))
            return tuple(str(entry["version"]) for entry in response.json())
        except (requests.exceptions.JSONDecodeError, KeyError, TypeError):
            raise error_for(200, None) from None
        except requests.RequestException as failure:
            raise error_for_silence(failure, writes=False) from None

    def composite(self, parts: Sequence[Subrequest], *, all_or_none: bool, writes: bool) -> dict[str, Subresponse]:
        """One call with at most 25 parts, 5 of them queries; the answers by reference.

        https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm
        """
        body = {
            "allOrNone": all_or_none,
            "compositeRequest": [_part_of_composite(part) for part in parts],
        }
        answer = self._restful("composite", method="POST", writes=writes, data=json.dumps(body))
        try:
            answers = [
                Subresponse(part["referenceId"], int(part["httpStatusCode"]), part.get("body"))
                for part in answer["compositeResponse"]
            ]
        except (KeyError, TypeError, ValueError):
            raise error_for(200, None, writes=writes) from None
        return {part.reference: part for part in answers}

    def upload(self, path: str, body: Callable[[], StreamedBody]) -> Any:
        """Posts a streamed body. `body` is called for each attempt, and may raise instead of giving a second one."""
        return self._restful(path, method="POST", writes=True, body=body)

    def soap(self, envelope: Callable[[str], bytes]) -> bytes:
        """Posts an envelope to the partner SOAP API, for what REST has no resource for; gives the answer's bytes.

        `envelope` is called with the token of the session, for each attempt. Faults are for `soap.py` to read: here
        only a token that was refused is seen to.
        """
        token = self._token or self.session.token()
        answer = self._posted(envelope(token))
        if SESSION_EXPIRED.encode() in answer[:4096]:
            answer = self._posted(envelope(self.session.renew(token)))
        return answer

    def _posted(self, body: bytes) -> bytes:
        self._before()
        headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
        try:
            url = f"{self.instance_url}/services/Soap/u/{self.version}"
            response = requests_session().post(url, data=body, headers=headers)
        except TargetRefused as refused:
            raise errors.Unavailable(str(refused), code="TARGET_REFUSED") from None
        except requests.RequestException as failure:
            raise error_for_silence(failure, writes=True) from None
        self._observe([response])
        if "xml" not in response.headers.get("Content-Type", "") and not response.ok:
            raise error_for(response.status_code, None, retry_after=response.headers.get("Retry-After"), writes=True)
        return response.content

    def _restful(
        self, path: str, *, method: str, writes: bool, body: Callable[[], StreamedBody] | None = None, **options: Any
    ) -> Any:
        token = self._token or self.session.token()
        try:
            return self._call(token, path, method, writes, body, options)
        except errors.NeedsReconnect:
            renewed = self.session.renew(token)
        return self._call(renewed, path, method, writes, body, options)

    def _call(
        self,
        token: str,
        path: str,
        method: str,
        writes: bool,
        body: Callable[[], StreamedBody] | None,
        options: Mapping[str, Any],
    ) -> Any:
        """One HTTP call. `NeedsReconnect` means that the token was rejected and nothing happened."""
        sf = self._connected(token)
        seen: list[requests.Response] = []
        hooks = {"response": lambda response, *_, **__: seen.append(response)}
        extra: dict[str, Any] = {}
        if body is not None:
            streamed = body()
            extra = {"data": streamed, "headers": {"Content-Type": streamed.content_type}}
        self._before()
        try:
            return sf.restful(path, method=method, hooks=hooks, **options, **extra)
        except SalesforceError as failure:
            if failure.status == 304:
                return NOT_MODIFIED
            retry_after = seen[-1].headers.get("Retry-After") if seen else None
            raise error_for(failure.status, failure.content, retry_after=retry_after, writes=writes) from None
        except TargetRefused as refused:
            raise errors.Unavailable(str(refused), code="TARGET_REFUSED") from None
        except requests.exceptions.JSONDecodeError:
            raise error_for(200, None, writes=writes) from None
        except requests.RequestException as failure:
            raise error_for_silence(failure, writes=writes) from None
        finally:
            self._observe(seen)

    def _connected(self, token: str) -> Salesforce:
        if self._sf is None or token != self._token:
            self._token = token
            self._sf = Salesforce(
                session_id=token,
                instance_url=self.instance_url,
                version=self.version,
                session=requests_session(),
                object_pairs_hook=dict,
            )
            self._sf.headers.pop("X-PrettyPrint", None)
        return self._sf

    def _before(self) -> None:
        if self._ask is not None:
            self._ask()

    def _observe(self, responses: Iterable[requests.Response]) -> None:
        for response in responses:
            for entry in response.headers.get("Sforce-Limit-Info", "").split(","):
                name, _, counts = entry.strip().partition("=")
                used, _, allowed = counts.partition("/")
                if name == "api-usage" and used.isdigit() and allowed.isdigit():
                    self.api_usage = ApiUsage(int(used), int(allowed))
                    if self._report is not None:
                        self._report(self.api_usage)


def _part_of_composite(part: Subrequest) -> dict[str, Any]:
    form: dict[str, Any] = {"method": part.method, "url": part.url, "referenceId": part.reference}
    if part.body is not None:
        form["body"] = part.body
    if part.headers:
        form["httpHeaders"] = dict(part.headers)
    return form
