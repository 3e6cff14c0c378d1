"""Who may read what: tokens, scopes, own and foreign mailboxes, and the form of errors."""

from __future__ import annotations

import pytest

from tests.sandbox.graph.conftest import Graph


def _code(answer: object) -> str:
    return str(answer.json()["error"]["code"])  # type: ignore[attr-defined]


def test_it_wants_a_token(graph: Graph) -> None:
    for token in (None, "unknown"):
        answer = graph.get("/me/messages", by=token)
        assert answer.status_code == 401
        assert _code(answer) == "InvalidAuthenticationToken"
        assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_it_wants_the_scope(graph: Graph) -> None:
    assert graph.get("/me/messages", by="stranger").status_code == 403
    assert _code(graph.get("/me", by="stranger")) == "Authorization_RequestDenied"
    message = graph.find("Marked for later")["id"]
    answer = graph.patch(f"/me/messages/{message}", {"isRead": True}, by="reader")
    assert (answer.status_code, _code(answer)) == (403, "ErrorAccessDenied")


def test_a_person_reaches_the_own_mailbox_only(graph: Graph) -> None:
    assert graph.get(f"/users/{graph.mia.oid}/messages").status_code == 200
    assert graph.get(f"/users/{graph.mia.email.upper()}/messages").status_code == 200
    for foreign in (graph.tom.oid, graph.tom.email, "nobody@larkfield.example"):
        answer = graph.get(f"/users/{foreign}/messages")
        assert (answer.status_code, _code(answer)) == (403, "ErrorAccessDenied")


def test_an_application_reaches_users_but_is_nobody(graph: Graph) -> None:
    assert graph.get(f"/users/{graph.tom.oid}/messages", by="app").status_code == 200
    answer = graph.get("/me/messages", by="app")
    assert (answer.status_code, _code(answer)) == (400, "BadRequest")
    assert _code(graph.get("/users/nobody@larkfield.example/messages", by="app")) == "ErrorInvalidUser"


def test_an_id_of_another_mailbox_is_not_found(graph: Graph) -> None:
    foreign = graph.get("/me/messages?$top=1&$select=id", by="tom").json()["value"][0]["id"]
    answer = graph.get(f"/me/messages/{foreign}")
    assert (answer.status_code, _code(answer)) == (404, "ErrorItemNotFound")


def test_ids_are_case_sensitive_and_must_be_ids(graph: Graph) -> None:
    identifier = graph.find("Marked for later")["id"]
    assert graph.get(f"/me/messages/{identifier}").status_code == 200
    assert graph.get(f"/me/messages/{identifier.swapcase()}").status_code in (400, 404)
    swapped = identifier[:40] + identifier[40:].swapcase()
    assert graph.get(f"/me/messages/{swapped}").status_code == 404
    assert _code(graph.get("/me/messages/17")) == "ErrorInvalidIdMalformed"


def test_errors_carry_the_ids_of_the_request(graph: Graph) -> None:
    answer = graph.get("/me/messages/17", headers={"client-request-id": "our-own-id"})
    inner = answer.json()["error"]["innerError"]
    assert inner["client-request-id"] == answer.headers["client-request-id"] == "our-own-id"
    assert inner["request-id"] == answer.headers["request-id"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/me/messages?$select=sensitivity", "RequestBroker--ParseUri"),
        ("/me/messages?$select=Subject", "RequestBroker--ParseUri"),
        ("/me/messages?$expand=extras", "RequestBroker--ParseUri"),
        ("/me/messages?$search=renewal", "BadRequest"),
        ("/me/messages?top=5", "BadRequest"),
        ("/me/messages?$top=1001", "ErrorInvalidUrlQuery"),
        ("/me/messages?$top=0", "ErrorInvalidUrlQuery"),
        ("/me/messages?$filter=receivedDateTime ge yesterday", "BadRequest"),
        ("/me/messages?$filter=isRead eq true or isDraft eq true", "BadRequest"),
        ("/me/messages?$filter=isRead eq true&$orderby=receivedDateTime desc", "InefficientFilter"),
        ("/me/mailFolders?$select=size", "RequestBroker--ParseUri"),
        ("/me/calendars", "BadRequest"),
        ("/me?$select=salary", "RequestBroker--ParseUri"),
    ],
)
def test_what_it_does_not_know_it_refuses(graph: Graph, path: str, code: str) -> None:
    answer = graph.get(path)
    assert (answer.status_code, _code(answer)) == (400, code)


def test_another_method_is_not_allowed(graph: Graph) -> None:
    assert graph.call("DELETE", "/me/mailFolders/inbox/messages").status_code == 405


def test_applications_reach_what_the_tenant_lets_them_reach(graph: Graph) -> None:
    assert graph.post("/_sandbox/tenant", {"application_access": [graph.mia.email]}).json() == {
        "application_access": [graph.mia.email]
    }
    assert graph.get(f"/users/{graph.mia.email}/messages?$top=1", by="app").status_code == 200
    refused = graph.get(f"/users/{graph.tom.email}/mailFolders", by="app")
    assert (refused.status_code, _code(refused)) == (403, "ErrorAccessDenied")
    assert graph.get("/me/messages?$top=1", by="tom").status_code == 200
    graph.post("/_sandbox/tenant", {"application_access": None})
    assert graph.get(f"/users/{graph.tom.email}/mailFolders", by="app").status_code == 200


def test_the_scope_of_applications_names_mailboxes(graph: Graph) -> None:
    for body in ({"application_access": ["nobody@larkfield.example"]}, {"application_access": "x"}, {}):
        assert graph.post("/_sandbox/tenant", body).status_code == 400


def test_an_application_needs_the_role(graph: Graph) -> None:
    message = graph.find("Marked for later")["id"]
    answer = graph.patch(f"/users/{graph.mia.oid}/messages/{message}", {"isRead": True}, by="app")
    assert (answer.status_code, _code(answer)) == (403, "ErrorAccessDenied")
