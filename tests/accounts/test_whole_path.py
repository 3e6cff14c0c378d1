"""Signing in and connecting against the sandbox over HTTPS, as a pane, a dialog and a person do it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
import requests
from django.db import connection as database
from django.test import Client

from accounts import broker
from accounts.errors import NeedsReconnect, NotConnected, ProviderUnavailable
from accounts.models import Connection, ConnectionAttempt, SalesforceOrg, System, User
from tests.accounts.people import Bearer
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(sandbox: SandboxProcess, name: str = "mia") -> tuple[Client, dict[str, Any]]:
    token = sandbox.microsoft_login(name)["access_token"]
    answer = Client().post("/api/v1/sessions/", {"token": token, "client": "outlook"}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    return Client(headers={"Authorization": f"Bearer {body['session']}"}), body


def at_salesforce(sandbox: SandboxProcess, address: str, name: str, decision: str = "allow") -> str:
    """Where a person's browser is sent after signing in at Salesforce."""
    user = sandbox.user(name)
    with sandbox.session() as browser:
        form = {"username": user["email"], "password": user["password"]}
        page = browser.post(address, data=form, timeout=30)
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
        assert ticket is not None, page.text
        form = {"ticket": ticket[1], "decision": decision}
        sent = browser.post(address, data=form, allow_redirects=False, timeout=30)
    return str(sent.headers["location"])


def open_dialog(pane: Client) -> str:
    """Begins in the pane and opens the dialog's first page; Salesforce's address."""
    dialog_url = pane.post("/api/v1/connections/salesforce/").json()["dialog_url"]
    answer = Client().get(dialog_url)
    assert answer.status_code == 302
    return str(answer["Location"])


def code_from_dialog(sandbox: SandboxProcess, pane: Client, name: str = "mia") -> str:
    """The whole walk through the dialog, up to the code that its last page hands to the pane."""
    dialog = Client()
    callback = at_salesforce(sandbox, open_dialog(pane), name)
    question = dialog.get(callback.removeprefix("http://localhost:8000"))
    assert question.status_code == 200, question.content
    secret = re.search(r'name="secret" value="([^"]+)"', question.content.decode())
    assert secret is not None
    done = dialog.post("/connect/salesforce/confirm/", {"secret": secret[1]})
    code = re.search(r'data-code="([^"]+)"', done.content.decode())
    assert code is not None, done.content
    return code[1]


def connect(sandbox: SandboxProcess, pane: Client, name: str = "mia") -> Connection:
    finished = pane.post(
        "/api/v1/connections/salesforce/finish/",
        {"code": code_from_dialog(sandbox, pane, name)},
        content_type="application/json",
    )
    assert finished.status_code == 200, finished.content
    return Connection.objects.select_related("salesforce_org").get(
        user__email=sandbox.user(name)["email"], system=System.SALESFORCE
    )


def calls(sandbox: SandboxProcess, service: str, path: str) -> list[dict[str, Any]]:
    return [row for row in sandbox.log(service) if path in row["path"]]


def test_a_pane_signs_in_and_its_mailbox_is_connected_in_one_call(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    against_sandbox.clear_log()
    _, body = sign_in(against_sandbox)
    assert body["user"] == {"name": "Mia Keller", "email": "mia.keller@larkfield.example"}
    assert body["connections"] == {"salesforce": "disconnected", "microsoft": "active", "google": "disconnected"}
    assert body["expires_in"] == 900
    # One token call is the sign-in in Outlook itself, the other is on-behalf-of.
    assert len(calls(against_sandbox, "microsoft", "/oauth2/v2.0/token")) == 2

    against_sandbox.clear_log()
    sign_in(against_sandbox)
    assert len(calls(against_sandbox, "microsoft", "/oauth2/v2.0/token")) == 1


def test_the_mailbox_token_reads_the_users_own_mailbox(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    sign_in(against_sandbox, "tom")
    tokens = broker.microsoft_tokens(Connection.objects.get(user=sandbox_users["tom"], system="microsoft"))

    def me(token: str) -> requests.Response:
        address = f"{against_sandbox.info['microsoft_graph_url']}/v1.0/me"
        return against_sandbox.http.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10)

    assert me(tokens.token()).json()["mail"] == "tom.okafor@larkfield.example"
    first = tokens.token()
    assert tokens.renew(first) != first
    assert me(tokens.token()).status_code == 200


def test_a_mailbox_token_that_has_run_out_is_renewed_before_it_is_given(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    sign_in(against_sandbox)
    row = Connection.objects.get(user=sandbox_users["mia"], system="microsoft")
    first = broker.microsoft_tokens(row).token()
    Connection.objects.filter(pk=row.pk).update(access_expires_at="2020-01-01T00:00:00Z")
    row.refresh_from_db()
    assert broker.microsoft_tokens(row).token() != first


def test_salesforce_is_connected_through_the_dialog(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    row = connect(against_sandbox, pane)
    person = against_sandbox.user("mia")
    assert row.state == "active"
    assert row.external_user_id == person["salesforce_user_id"]
    assert row.external_username == person["email"]
    assert row.instance_url == against_sandbox.info["salesforce_login_url"]
    org = SalesforceOrg.objects.get()
    assert org.org_id == against_sandbox.info["salesforce_org_id"]
    assert org.shape == {}
    session = broker.salesforce_session(row)
    assert (session.instance_url, session.org_id, session.user_id) == (
        row.instance_url,
        org.org_id,
        person["salesforce_user_id"],
    )
    told = against_sandbox.http.get(
        f"{session.instance_url}/services/oauth2/userinfo",
        headers={"Authorization": f"Bearer {session.token()}"},
        timeout=10,
    )
    assert told.json()["preferred_username"] == person["email"]
    states = pane.get("/api/v1/connections/").json()["connections"]
    assert states == {"salesforce": "active", "microsoft": "active", "google": "disconnected"}
    attempt = ConnectionAttempt.objects.get()
    assert not attempt.pending_tokens
    assert not attempt.verifier


def test_the_question_names_both_users(against_sandbox: SandboxProcess, sandbox_users: dict[str, User]) -> None:
    pane, _ = sign_in(against_sandbox)
    callback = at_salesforce(against_sandbox, open_dialog(pane), "tom")
    page = unescape(Client().get(callback.removeprefix("http://localhost:8000")).content.decode())
    assert "Tom Okafor" in page
    assert "tom.okafor@larkfield.example" in page
    assert "mia.keller@larkfield.example" in page


def test_nothing_is_connected_before_the_pane_brings_the_code(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    code_from_dialog(against_sandbox, pane)
    assert pane.get("/api/v1/connections/").json()["connections"]["salesforce"] == "disconnected"


def test_a_code_in_another_users_hands_connects_nobody(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    mia, _ = sign_in(against_sandbox, "mia")
    tom, _ = sign_in(against_sandbox, "tom")
    code = code_from_dialog(against_sandbox, mia)
    finish = "/api/v1/connections/salesforce/finish/"
    for pane in (tom, mia):
        answer = pane.post(finish, {"code": code}, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "code_refused")
        assert pane.get("/api/v1/connections/").json()["connections"]["salesforce"] == "disconnected"
    assert len(calls(against_sandbox, "salesforce", "/revoke")) == 1


def test_a_person_who_does_not_allow_it_reads_so(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    callback = at_salesforce(against_sandbox, open_dialog(pane), "mia", decision="deny")
    page = Client().get(callback.removeprefix("http://localhost:8000"))
    assert page.status_code == 200
    assert "access was not allowed" in page.content.decode()
    assert Connection.objects.filter(system="salesforce", state="active").count() == 0


def test_an_expected_username_refuses_everybody_else(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    User.objects.filter(pk=sandbox_users["mia"].pk).update(salesforce_username="MIA.keller@larkfield.example")
    pane, _ = sign_in(against_sandbox)
    callback = at_salesforce(against_sandbox, open_dialog(pane), "tom")
    page = Client().get(callback.removeprefix("http://localhost:8000"))
    assert page.status_code == 400
    assert "Another Salesforce user" in page.content.decode()
    assert len(calls(against_sandbox, "salesforce", "/revoke")) == 1
    assert connect(against_sandbox, pane).state == "active"


def test_a_standing_connection_is_not_turned_over_to_another_salesforce_user(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    row = connect(against_sandbox, pane)
    Connection.objects.filter(pk=row.pk).update(state="needs_reconnect")
    callback = at_salesforce(against_sandbox, open_dialog(pane), "tom")
    assert Client().get(callback.removeprefix("http://localhost:8000")).status_code == 400
    assert connect(against_sandbox, pane).state == "active"


def test_disconnecting_ends_the_grant_at_salesforce_and_forgets_the_tokens(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    row = connect(against_sandbox, pane)
    access = broker.salesforce_session(row).token()
    answer = pane.delete("/api/v1/connections/salesforce/")
    assert answer.json() == {"state": "disconnected", "revoked": True}
    row.refresh_from_db()
    assert not row.access_token
    assert not row.refresh_token
    with pytest.raises(NotConnected):
        broker.salesforce_session(row)
    told = against_sandbox.http.get(
        f"{row.instance_url}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {access}"}, timeout=10
    )
    assert told.status_code == 403


def test_disconnecting_stands_even_while_salesforce_does_not_answer(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    row = connect(against_sandbox, pane)
    against_sandbox.fault(service="salesforce", kind="cut_before", path="/revoke")
    assert pane.delete("/api/v1/connections/salesforce/").json() == {"state": "disconnected", "revoked": False}
    row.refresh_from_db()
    assert (row.state, bool(row.refresh_token)) == ("disconnected", False)


def test_twenty_threads_with_an_expired_token_make_one_refresh_call(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    row = connect(against_sandbox, pane)
    before = broker.salesforce_session(row)
    expired, old_refresh = before.token(), row.refresh_token.unseal()
    against_sandbox.clear_log()
    against_sandbox.latency(100, "salesforce")
    together = threading.Barrier(20)

    def renew(_: int) -> str:
        try:
            session = broker.salesforce_session(Connection.objects.select_related("salesforce_org").get(pk=row.pk))
            together.wait(30)
            return session.renew(expired)
        finally:
            database.close()

    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(renew, range(20)))

    assert len(tokens) == 1
    assert tokens != {expired}
    assert len(calls(against_sandbox, "salesforce", "/services/oauth2/token")) == 1
    row.refresh_from_db()
    assert {row.access_token.unseal()} == tokens
    assert row.refresh_token.unseal() != old_refresh
    assert (row.renewal_claim, row.renewal_until) == (None, None)


def test_twenty_threads_with_an_expired_mailbox_token_make_one_refresh_call(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    sign_in(against_sandbox)
    Connection.objects.filter(system="microsoft").update(access_expires_at="2020-01-01T00:00:00Z")
    against_sandbox.clear_log()
    against_sandbox.latency(100, "microsoft")
    together = threading.Barrier(20)

    def take(_: int) -> str:
        try:
            tokens = broker.microsoft_tokens(Connection.objects.get(system="microsoft"))
            together.wait(30)
            return tokens.token()
        finally:
            database.close()

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(take, range(20)))) == 1
    assert len(calls(against_sandbox, "microsoft", "/oauth2/v2.0/token")) == 1


def test_the_rotated_refresh_token_is_the_one_used_next(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    session = broker.salesforce_session(connect(against_sandbox, pane))
    seen = {session.token()}
    for _ in range(3):
        seen.add(session.renew(session.token()))
    assert len(seen) == 4


def test_a_revoked_grant_asks_to_reconnect_and_keeps_the_connections_data(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    row = connect(against_sandbox, pane)
    session = broker.salesforce_session(row)
    address = f"{against_sandbox.info['salesforce_login_url']}/services/oauth2/revoke"
    against_sandbox.http.post(address, data={"token": row.refresh_token.unseal()}, timeout=10)
    with pytest.raises(NeedsReconnect):
        session.renew(session.token())
    row.refresh_from_db()
    assert row.state == "needs_reconnect"
    assert row.external_user_id == against_sandbox.user("mia")["salesforce_user_id"]
    assert row.refresh_token
    with pytest.raises(NeedsReconnect):
        broker.salesforce_session(row)
    assert pane.get("/api/v1/connections/").json()["connections"]["salesforce"] == "needs_reconnect"


def test_a_sign_in_service_that_does_not_answer_leaves_the_connection_as_it_is(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    row = connect(against_sandbox, pane)
    session = broker.salesforce_session(row)
    first = session.token()
    against_sandbox.fault(service="salesforce", kind="error", status=503, path="/services/oauth2/token")
    with pytest.raises(ProviderUnavailable):
        session.renew(first)
    row.refresh_from_db()
    assert (row.state, row.renewal_claim) == ("active", None)
    assert session.renew(first) != first


def test_threads_that_waited_for_a_failed_refresh_do_not_each_try_again(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    pane, _ = sign_in(against_sandbox)
    row = connect(against_sandbox, pane)
    expired = row.access_token.unseal()
    against_sandbox.clear_log()
    against_sandbox.latency(300, "salesforce")
    against_sandbox.fault(service="salesforce", kind="error", status=503, path="/services/oauth2/token", times=None)
    together = threading.Barrier(8)

    def renew(_: int) -> str:
        try:
            session = broker.salesforce_session(Connection.objects.select_related("salesforce_org").get(pk=row.pk))
            together.wait(30)
            return session.renew(expired)
        except ProviderUnavailable:
            return "unavailable"
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(renew, range(8))) == {"unavailable"}
    assert len(calls(against_sandbox, "salesforce", "/services/oauth2/token")) == 1


def test_a_mailbox_grant_that_was_revoked_asks_to_reconnect_and_signing_in_mends_it(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    sign_in(against_sandbox)
    row = Connection.objects.get(user=sandbox_users["mia"], system="microsoft")
    tokens = broker.microsoft_tokens(row)
    against_sandbox.fault(service="microsoft", kind="revoked_token", path="/oauth2/v2.0/token")
    with pytest.raises(NeedsReconnect):
        tokens.renew(tokens.token())
    row.refresh_from_db()
    assert row.state == "needs_reconnect"
    _, body = sign_in(against_sandbox)
    assert body["connections"]["microsoft"] == "active"


def test_signing_in_works_while_the_mailbox_cannot_be_connected(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    token = against_sandbox.microsoft_login("mia")["access_token"]
    against_sandbox.fault(service="microsoft", kind="error", status=503, path="/oauth2/v2.0/token")
    answer = Client().post("/api/v1/sessions/", {"token": token, "client": "outlook"}, content_type="application/json")
    assert answer.status_code == 201
    assert answer.json()["connections"]["microsoft"] == "disconnected"


def test_an_applications_own_token_signs_nobody_in(
    against_sandbox: SandboxProcess, sandbox_users: dict[str, User]
) -> None:
    info = against_sandbox.info
    token = against_sandbox.microsoft_token(
        grant_type="client_credentials",
        client_id=info["microsoft_client_id"],
        client_secret=info["microsoft_client_secret"],
        scope=f"api://{info['microsoft_client_id']}/.default",
    ).json()["access_token"]
    answer = Client().post("/api/v1/sessions/", {"token": token, "client": "outlook"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")


def test_a_graph_token_signs_nobody_in(against_sandbox: SandboxProcess, sandbox_users: dict[str, User]) -> None:
    token = against_sandbox.microsoft_login("mia", scope="Mail.Read offline_access")["access_token"]
    answer = Client().post("/api/v1/sessions/", {"token": token, "client": "outlook"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")


def test_another_organisations_user_sees_nothing_of_it(
    against_sandbox: SandboxProcess,
    sandbox_users: dict[str, User],
    rita: User,
    signed_in: Callable[[User], Bearer],
) -> None:
    pane, _ = sign_in(against_sandbox)
    row = connect(against_sandbox, pane)
    stranger = signed_in(rita).client
    assert stranger.get("/api/v1/connections/").json()["connections"]["salesforce"] == "disconnected"
    stranger.delete("/api/v1/connections/salesforce/")
    row.refresh_from_db()
    assert row.state == "active"
