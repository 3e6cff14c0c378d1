"""Gmail's pages: whose they are, how a browser gets in, what they are built from, and what people do on them."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.sandbox.google.conftest import Gmail, mail
from tests.sandbox_process import SandboxProcess

PAGE = "/mail/u/0/"


class Webmail:
    """A browser on Gmail's pages, as whoever signed in with it."""

    def __init__(self, sandbox: SandboxProcess, *names: str) -> None:
        self.sandbox = sandbox
        self.url = sandbox.info["google_webmail_url"]
        self.http = sandbox.session()
        for place, name in enumerate(names):
            self.sign_in(sandbox.user(name)["email"], "AddSession" if place else "ServiceLogin")

    def sign_in(self, email: str, page: str = "ServiceLogin") -> requests.Response:
        address = f"{self.accounts}/{page}"
        asked = {"service": "mail", "continue": self.url + PAGE}
        return self.http.post(address, params=asked, data={"person": email}, timeout=10)

    @property
    def accounts(self) -> str:
        return str(self.sandbox.info["google_token_url"]).removesuffix("/token")

    def get(self, path: str, number: int = 0, **query: Any) -> requests.Response:
        return self.http.get(f"{self.url}/mail/u/{number}/{path}", params=query, timeout=10)

    def order(self, path: str, body: Any, number: int = 0, **more: Any) -> requests.Response:
        return self.http.post(f"{self.url}/mail/u/{number}/data/{path}", json=body, timeout=10, **more)

    def rows(self, view: str = "inbox", **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("data/list", view=view, **query).json()["rows"]
        return found

    def thread(self, identifier: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get("data/thread", id=identifier).json()
        return found


@pytest.fixture
def noor(sandbox: SandboxProcess) -> Webmail:
    return Webmail(sandbox, "noor")


def test_the_certificate_is_of_the_sandboxs_authority_for_gmails_own_host_and_chromium_is_told_of_it(
    sandbox: SandboxProcess,
) -> None:
    port = urlsplit(sandbox.info["google_webmail_url"]).port
    rules, keys = sandbox.info["browser_arguments"]
    assert rules == f"--host-resolver-rules=MAP mail.google.com:443 127.0.0.1:{port}"
    found = {}
    for name in ("google_webmail_url", "google_token_url"):
        shown = ssl.get_server_certificate(("localhost", urlsplit(sandbox.info[name]).port or 0))
        certificate = x509.load_pem_x509_certificate(shown.encode())
        public = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found[name] = names.get_values_for_type(x509.DNSName)
        assert base64.b64encode(hashlib.sha256(public).digest()).decode() in keys.partition("=")[2].split(",")
    assert found == {"google_webmail_url": ["mail.google.com", "localhost"], "google_token_url": ["localhost"]}


def test_without_a_session_the_page_leads_to_the_sign_in_and_back(sandbox: SandboxProcess) -> None:
    browser = Webmail(sandbox)
    page = browser.http.get(browser.url + PAGE, timeout=10)
    assert page.url.startswith(f"{browser.accounts}/ServiceLogin?")
    assert "noor.haddad@larkfield-labs.example" in page.text
    form = {"username": "noor.haddad@larkfield-labs.example", "password": "wrong"}
    wrong = browser.http.post(page.url, data=form, timeout=10)
    assert "Wrong password" in wrong.text
    entered = browser.http.post(page.url, data=form | {"password": sandbox.user("noor")["password"]}, timeout=10)
    assert entered.url == browser.url + PAGE
    assert 'data-email="noor.haddad@larkfield-labs.example"' in entered.text


def test_nothing_is_read_without_a_session(sandbox: SandboxProcess) -> None:
    browser = Webmail(sandbox)
    assert browser.get("data/list").status_code == 401
    assert browser.get("data/thread", id="0" * 16).status_code == 401
    assert browser.order("act", {}).status_code == 401
    browser.http.cookies.set("SANDBOX_SID", "made-up")
    assert browser.get("data/list").status_code == 401


def test_a_ticket_of_the_hand_over_is_good_once_and_leads_nowhere_else(sandbox: SandboxProcess) -> None:
    browser = Webmail(sandbox, "noor")
    asked = {"service": "mail", "continue": f"{browser.url}{PAGE}?hl=de"}
    sent = browser.http.get(f"{browser.accounts}/ServiceLogin", params=asked, allow_redirects=False, timeout=10)
    address = sent.headers["location"]
    assert urlsplit(address).path == "/accounts/SetOSID"
    for again in (False, True):
        stranger = sandbox.session()
        answer = stranger.get(address, allow_redirects=False, timeout=10)
        assert answer.headers["location"] == ("/mail/u/0/" if again else "/mail/u/0/?hl=de")
        assert bool(answer.cookies) is not again
    for elsewhere in (
        "https://evil.example/mail/u/0/",
        "https://mail.google.com.evil.example/mail/",
        "//evil/mail/",
        "https://mail.google.com/other",
    ):
        answer = browser.http.get(
            f"{browser.accounts}/ServiceLogin", params={"continue": elsewhere}, allow_redirects=False, timeout=10
        )
        assert answer.status_code == 400
    ticket = parse_qs(
        urlsplit(
            browser.http.get(
                f"{browser.accounts}/ServiceLogin", params=asked, allow_redirects=False, timeout=10
            ).headers["location"]
        ).query
    )["osidt"][0]
    sandbox.advance(121)
    late = sandbox.session().get(
        f"{browser.url}/accounts/SetOSID",
        params={"osidt": ticket, "continue": browser.url + PAGE},
        allow_redirects=False,
        timeout=10,
    )
    assert not late.cookies


def test_two_accounts_have_numbers_and_signing_out_ends_both(sandbox: SandboxProcess) -> None:
    browser = Webmail(sandbox, "noor", "jonas")
    for number, name in enumerate(("noor", "jonas")):
        assert f'data-email="{sandbox.user(name)["email"]}"' in browser.get("", number).text
    assert browser.get("", 2).url == browser.url + PAGE
    assert browser.get("data/list", 2).status_code == 401
    ids = {row["id"] for row in browser.rows()}
    assert ids.isdisjoint(row["id"] for row in browser.get("data/list", 1).json()["rows"])
    browser.http.get(f"{browser.accounts}/Logout", params={"continue": browser.url + PAGE}, timeout=10)
    assert browser.get("data/list").status_code == 401


def test_an_account_without_gmail_has_no_page(sandbox: SandboxProcess) -> None:
    browser = Webmail(sandbox)
    page = browser.sign_in("sofia.marin@larkfield.example")
    assert page.status_code == 403
    assert "has no mailbox at Google" in page.text
    assert browser.get("data/list").status_code == 401


def test_the_page_lets_no_script_frame_or_style_of_others_in(noor: Webmail) -> None:
    first, second = noor.get(""), noor.get("")
    policy = dict(part.split(" ", 1) for part in first.headers["content-security-policy"].split(";"))
    nonce = re.search(r"'nonce-([^']+)'", policy["script-src"])
    assert nonce is not None
    assert policy["script-src"] == f"'nonce-{nonce[1]}' 'strict-dynamic'"
    assert f'nonce="{nonce[1]}"' in first.text
    assert nonce[1] not in second.headers["content-security-policy"]
    assert policy["object-src"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-src"].startswith("'self' https://accounts.google.com/ ")
    assert first.headers["x-frame-options"] == "SAMEORIGIN"
    assert (
        noor.http.get(f"{noor.url}/mail/assets/page.js", timeout=10)
        .headers["content-type"]
        .startswith("text/javascript")
    )
    for path in ("/mail/assets/..%2fapp.py", "/mail/assets/app.py", "/mail/assets/none.js"):
        assert noor.http.get(noor.url + path, timeout=10).status_code == 404


def test_ids_are_the_apis_and_their_decimals(noor: Webmail, gmail: Gmail) -> None:
    row = next(row for row in noor.rows() if "test laboratory" in row["subject"])
    thread = gmail.users.threads().get(userId="me", id=row["id"], format="minimal").execute()
    told = noor.thread(row["id"])
    assert [message["id"] for message in told["messages"]] == [message["id"] for message in thread["messages"]]
    assert row["lastId"] == told["messages"][-1]["id"]
    for message in told["messages"]:
        if message["from"]["email"] == gmail.address:
            assert re.fullmatch(r"msg-a:r-?\d+", message["permId"])
        else:
            assert message["permId"] == f"msg-f:{int(message['id'], 16)}"
    assert told["permId"] == f"thread-f:{int(told['id'], 16)}"
    assert noor.thread(told["messages"][1]["id"])["id"] == told["id"]


def test_lists_are_those_of_gmail(noor: Webmail, gmail: Gmail) -> None:
    for view, query in (("inbox", "in:inbox"), ("sent", "in:sent"), ("drafts", "in:drafts"), ("spam", "in:spam")):
        threads = {
            m["threadId"]
            for m in gmail.users.messages().list(userId="me", q=query, maxResults=500).execute()["messages"]
        }
        found: set[str] = set()
        start: int | None = 0
        while start is not None:
            told = noor.get("data/list", view=view, start=start).json()
            found |= {row["id"] for row in told["rows"]}
            start = told["next"]
        assert found == threads
    assert [row["subject"] for row in noor.rows("label", argument="salesforce")] != []
    assert all("Dana" in str(row["senders"]) for row in noor.rows("search", argument="from:dana@northwind.example"))
    assert noor.get("data/list", view="nothing").status_code == 404
    assert noor.get("data/list", view="label", argument="nothing").status_code == 404
    assert noor.get("data/list", start="-1").status_code == 400
    assert noor.get("data/thread", id="../x").status_code == 404
    assert noor.get("data/thread", id="0" * 16).status_code == 404


def test_what_people_do_is_seen_through_the_api(noor: Webmail, gmail: Gmail) -> None:
    identifier = gmail.deliver(mail("To be handled", message_id="<handled@northwind.example>"))
    assert noor.rows()[0]["id"] == identifier

    def labels() -> set[str]:
        return set(
            gmail.users.messages().get(userId="me", id=identifier, format="minimal").execute().get("labelIds", [])
        )

    assert "UNREAD" in labels()
    for change, added, removed in (
        ({"kind": "read"}, set(), {"UNREAD"}),
        ({"kind": "star"}, {"STARRED"}, set()),
        ({"kind": "star", "on": False}, set(), {"STARRED"}),
        ({"kind": "archive"}, set(), {"INBOX"}),
        ({"kind": "trash"}, {"TRASH"}, set()),
    ):
        assert noor.order("act", {"id": identifier, **change}).status_code == 200
        assert added <= labels()
        assert not removed & labels()
    noor.order("act", {"id": identifier, "kind": "label", "label": "Salesforce"})
    assert "Salesforce" in noor.thread(identifier)["labels"]
    assert noor.order("act", {"id": "0" * 16, "kind": "read"}).status_code == 404
    assert noor.order("act", {"id": identifier, "kind": "burn"}).status_code == 400
    assert noor.order("burn", {}).status_code == 404
    plain = noor.http.post(
        f"{noor.url}/mail/u/0/data/act", data="{}", headers={"Content-Type": "text/plain"}, timeout=10
    )
    assert plain.status_code == 400


def test_a_letter_is_kept_as_a_draft_and_sent_to_colleagues(
    noor: Webmail, gmail: Gmail, sandbox: SandboxProcess
) -> None:
    asked = gmail.deliver(mail("Question", message_id="<question@northwind.example>"))
    letter = {
        "to": ["Mia Keller <mia.keller@larkfield.example>", "dana@northwind.example"],
        "subject": "Re: Question",
        "text": "Yes.",
        "answers": asked,
    }
    draft = noor.order("draft", letter).json()
    assert draft["permId"].startswith("msg-a:r")
    assert draft["threadId"] == asked
    again = noor.order("draft", letter | {"draft": draft["id"], "text": "Yes, gladly."}).json()
    assert [row["lastId"] for row in noor.rows("drafts") if row["subject"] == "Re: Question"] == [again["id"]]
    sent = noor.order("send", letter | {"draft": again["id"]}).json()
    assert sent["threadId"] == asked
    assert [row for row in noor.rows("drafts") if row["subject"] == "Re: Question"] == []
    raw = gmail.users.messages().get(userId="me", id=sent["id"], format="raw").execute()
    found = message_from_bytes(base64.urlsafe_b64decode(raw["raw"]))
    assert found["In-Reply-To"] == "<question@northwind.example>"
    assert raw["labelIds"] == ["SENT"]
    assert any(row["internetMessageId"] == found["Message-ID"] for row in sandbox.mail_of("mia"))
    wrongs: list[dict[str, list[str]]] = [{"to": []}, {"to": ["nobody"]}, {"to": ["a@b.example\r\nBcc: x@y.example"]}]
    for wrong in wrongs:
        assert noor.order("send", letter | wrong).status_code == 400


PAYLOAD = (
    "<html><body><script>parent.hit=1</script><img src=x onerror='hit=1'><img src='https://tracker.example/x.gif'>"
    "<a href='javascript:hit=1'>press</a><iframe src='https://evil.example'></iframe><form action='https://evil.example'>"
    "<input></form><svg onload=hit=1></svg><style>*{display:none}</style><p onclick='hit=1'>Hello</p></body></html>"
)


def test_bodies_are_made_safe(noor: Webmail, gmail: Gmail) -> None:
    identifier = gmail.deliver(mail("<img src=x onerror=hit=1>", body=PAYLOAD, content_type="text/html"))
    told = noor.thread(identifier)
    html = told["messages"][0]["html"]
    assert "Hello" in html
    for part in ("script", "onerror", "onclick", "onload", "javascript:", "iframe", "form", "style", "tracker.example"):
        assert part not in html
    plain = gmail.deliver(mail("Plain", body="a <b> & https://northwind.example/x?a=1&b=2."))
    html = noor.thread(plain)["messages"][0]["html"]
    assert html.startswith('a &lt;b&gt; &amp; <a href="https://northwind.example/x?a=1&amp;b=2" ')


def test_a_fault_answers_in_place_of_the_page(noor: Webmail) -> None:
    noor.sandbox.fault(service="webmail", kind="error", status=500)
    assert noor.get("data/list").status_code == 500
    noor.sandbox.fault(service="webmail", kind="throttle", retry_after=4)
    slow = noor.get("data/list")
    assert (slow.status_code, slow.headers["retry-after"]) == (429, "4")
    assert noor.get("data/list").status_code == 200
    assert noor.sandbox.log("webmail")[-1]["user"] == noor.sandbox.user("noor")["email"]
