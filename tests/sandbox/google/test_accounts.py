"""Who is signed in to Google in a browser, which account an application gets, and whom it does not get at all."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.google.conftest import Gmail, reason
from tests.sandbox.google.test_sign_in import asked, claims_of
from tests.sandbox_process import GMAIL_MODIFY, SandboxProcess, answer_of, verifier_and_challenge

NOOR, JONAS = "noor.haddad@larkfield-labs.example", "jonas.weber@larkfield-labs.example"
PRIVATE, SOFIA, UNCONFIRMED = "noor.haddad@freemail.example", "sofia.marin@larkfield.example", "dana@northwind.example"
SIGN_IN = "openid email profile"


class Browser:
    """A browser with these accounts signed in, and what the authorization endpoint answers it."""

    def __init__(self, sandbox: SandboxProcess, *accounts: str) -> None:
        self.sandbox = sandbox
        self.http = sandbox.session()
        if accounts:
            cookie = sandbox.google_session(*accounts)
            self.http.cookies.set(cookie["name"], cookie["value"])

    def ask(self, **change: str | None) -> requests.Response:
        query = asked(self.sandbox, **{"scope": SIGN_IN, "state": "s", **change})
        return self.http.get(self.sandbox.info["google_auth_url"], params=query, allow_redirects=False, timeout=10)

    def press(self, form: dict[str, str], **change: str | None) -> requests.Response:
        query = asked(self.sandbox, **{"scope": SIGN_IN, "state": "s", **change})
        address = self.sandbox.info["google_auth_url"]
        return self.http.post(address, params=query, data=form, allow_redirects=False, timeout=10)

    def sent_back(self, **change: str | None) -> dict[str, str]:
        answer = self.ask(**change)
        assert answer.status_code == 302, answer.text
        return answer_of(answer.headers["location"])

    def consent(self, account: str) -> None:
        """The account allows the application to know who it is."""
        challenge = verifier_and_challenge()[1]
        page = self.press({"person": account}, code_challenge=challenge)
        ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
        self.press({"ticket": ticket, "decision": "allow"}, code_challenge=challenge)


def refusal(error: str) -> dict[str, str]:
    return {"state": "s", "error": error, "error_subtype": "access_denied"}


def test_without_a_page_nobody_means_that_somebody_has_to_sign_in(sandbox: SandboxProcess) -> None:
    assert Browser(sandbox).sent_back(prompt="none") == refusal("login_required")


def test_without_a_page_several_accounts_mean_that_one_has_to_be_chosen(sandbox: SandboxProcess) -> None:
    browser = Browser(sandbox, NOOR, JONAS)
    assert browser.sent_back(prompt="none") == refusal("account_selection_required")


def test_without_a_page_a_missing_consent_means_that_it_has_to_be_asked_for(sandbox: SandboxProcess) -> None:
    browser = Browser(sandbox, NOOR)
    assert browser.sent_back(prompt="none") == refusal("interaction_required")
    browser.consent(NOOR)
    assert "code" in browser.sent_back(prompt="none")
    more = browser.sent_back(prompt="none", scope=f"{SIGN_IN} {GMAIL_MODIFY}")
    assert more == refusal("interaction_required")


def test_consent_is_asked_for_again_on_order_and_what_was_granted_stays(sandbox: SandboxProcess) -> None:
    tokens = sandbox.google_sign_in()
    browser = Browser(sandbox, NOOR)
    browser.consent(NOOR)
    assert "code" in browser.sent_back(prompt="none")
    sandbox.ask_google_consent_again()
    assert browser.sent_back(prompt="none") == refusal("interaction_required")
    refreshed = sandbox.google_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refreshed.status_code == 200


def test_without_a_page_a_hint_chooses_among_the_accounts_and_never_another(sandbox: SandboxProcess) -> None:
    browser = Browser(sandbox, NOOR, JONAS)
    browser.consent(JONAS)
    for hint in (JONAS, JONAS.upper(), sandbox.user("jonas")["google_sub"]):
        answer = browser.sent_back(prompt="none", login_hint=hint)
        assert answer["authuser"] == "1"
    assert browser.sent_back(prompt="none", login_hint=PRIVATE) == refusal("login_required")
    assert browser.sent_back(prompt="none", login_hint=NOOR) == refusal("interaction_required")


def test_one_account_is_not_asked_for_and_a_hint_takes_its_place(sandbox: SandboxProcess) -> None:
    browser = Browser(sandbox, NOOR)
    assert "wants access to your account" in browser.ask().text
    browser.consent(NOOR)
    assert browser.sent_back()["hd"] == "larkfield-labs.example"
    other = browser.ask(login_hint=JONAS)
    assert f'value="{JONAS}"' in other.text
    assert "Sign in" in other.text


def test_several_accounts_are_shown_to_choose_from(sandbox: SandboxProcess) -> None:
    browser = Browser(sandbox, NOOR, JONAS)
    page = browser.ask()
    assert "Choose an account" in page.text
    assert [account in page.text for account in (NOOR, JONAS, PRIVATE)] == [True, True, False]
    assert "wants access" in browser.press({"person": JONAS}).text
    assert PRIVATE in browser.press({"decision": "other"}).text
    cancelled = browser.press({"decision": "cancel"})
    assert answer_of(cancelled.headers["location"]) == {"state": "s", "error": "access_denied"}
    hinted = browser.ask(login_hint=JONAS)
    assert f"({JONAS})" in hinted.text


def test_select_account_asks_even_where_there_is_one(sandbox: SandboxProcess) -> None:
    browser = Browser(sandbox, NOOR)
    browser.consent(NOOR)
    assert "Choose an account" in browser.ask(prompt="select_account").text
    assert "Choose an account" in browser.ask(prompt="select_account", login_hint=NOOR).text


def test_signing_in_for_an_application_signs_the_browser_in(sandbox: SandboxProcess) -> None:
    browser = Browser(sandbox)
    for place, account in enumerate((NOOR, JONAS)):
        browser.consent(account)
        assert browser.sent_back(prompt="none", login_hint=account)["authuser"] == str(place)


def test_a_workspace_can_be_asked_for(sandbox: SandboxProcess) -> None:
    browser = Browser(sandbox, PRIVATE, NOOR)
    browser.consent(NOOR)
    assert browser.sent_back(prompt="none", hd="larkfield-labs.example")["authuser"] == "1"
    assert browser.sent_back(prompt="none", hd="*")["authuser"] == "1"
    assert browser.sent_back(prompt="none", hd="northwind.example") == refusal("login_required")
    page = Browser(sandbox).ask(hd="larkfield-labs.example")
    assert [account in page.text for account in (NOOR, PRIVATE)] == [True, False]
    elsewhere = browser.press({"person": PRIVATE}, hd="larkfield-labs.example")
    assert "Please sign in with your account at larkfield-labs.example" in elsewhere.text


@pytest.mark.parametrize(
    ("account", "hosted", "verified"),
    [(NOOR, True, True), (PRIVATE, False, True), (SOFIA, False, True), (UNCONFIRMED, False, False)],
)
def test_tokens_say_whether_there_is_a_workspace_and_a_confirmed_address(
    sandbox: SandboxProcess, account: str, hosted: bool, verified: bool
) -> None:
    browser = Browser(sandbox, account)
    browser.consent(account)
    verifier, challenge = verifier_and_challenge()
    answer = browser.sent_back(code_challenge=challenge, nonce="n")
    assert ("hd" in answer) is hosted
    tokens = sandbox.google_token(
        grant_type="authorization_code",
        code=answer["code"],
        code_verifier=verifier,
        redirect_uri=asked(sandbox)["redirect_uri"],
    ).json()
    claims = claims_of(sandbox, tokens["id_token"])
    assert (claims["email"], claims["email_verified"], claims.get("hd")) == (
        account,
        verified,
        account.partition("@")[2] if hosted else None,
    )
    assert claims["nonce"] == "n"
    told = {one["email"]: one for one in sandbox.info["google_accounts_outside"]}
    if not hosted:
        assert (told[account]["google_sub"], told[account]["is_verified"]) == (claims["sub"], verified)


def test_an_account_without_gmail_has_no_mailbox(sandbox: SandboxProcess, gmail: Gmail) -> None:
    browser = Browser(sandbox, PRIVATE)
    verifier, challenge = verifier_and_challenge()
    query: dict[str, Any] = {"scope": f"{SIGN_IN} {GMAIL_MODIFY}", "code_challenge": challenge}
    page = browser.ask(**query)
    ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
    sent = browser.press({"ticket": ticket, "decision": "allow", GMAIL_MODIFY: "on"}, **query)
    tokens = sandbox.google_token(
        grant_type="authorization_code",
        code=answer_of(sent.headers["location"])["code"],
        code_verifier=verifier,
        redirect_uri=asked(sandbox)["redirect_uri"],
    ).json()
    assert reason(gmail.call("GET", "/profile", token=tokens["access_token"])) == (400, "failedPrecondition")


def test_an_application_may_be_for_one_workspace_alone_or_blocked_in_one(sandbox: SandboxProcess) -> None:
    browser = Browser(sandbox)
    sandbox.google_policy(internal_to="larkfield-labs.example")
    assert "wants access" in browser.press({"person": NOOR}).text
    outside = browser.press({"person": PRIVATE})
    assert outside.status_code == 403
    assert "Error 403: org_internal" in outside.text
    assert "location" not in outside.headers
    sandbox.google_policy(internal_to="", blocked_in=["larkfield-labs.example"])
    blocked = browser.press({"person": NOOR})
    assert "Error 400: admin_policy_enforced" in blocked.text
    assert browser.ask(prompt="none", login_hint=NOOR).status_code == 400
    assert "wants access" in browser.press({"person": PRIVATE}).text


def test_control_routes_refuse_what_makes_no_sense(sandbox: SandboxProcess) -> None:
    address = f"{sandbox.info['google_token_url'].removesuffix('/token')}/_sandbox/google"
    wrong: list[tuple[str, Any]] = [
        ("session", {"users": []}),
        ("session", {"users": ["nobody@x.example"]}),
        ("session", {}),
        ("policy", {"color": "red"}),
        ("id-tokens", {"alg": "ES256"}),
        ("id-tokens", {"times": 0}),
        ("id-tokens", {"signature": "good enough"}),
        ("rotate-keys", {"at_once": "yes"}),
    ]
    for path, body in wrong:
        assert sandbox.http.post(f"{address}/{path}", json=body, timeout=10).status_code == 400, path
