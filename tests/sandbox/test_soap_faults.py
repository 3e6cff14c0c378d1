"""How the faults that a test orders look to who speaks SOAP."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox_process import SandboxProcess

PATH = "/services/Soap/u/66.0"


@pytest.fixture
def token(sandbox: SandboxProcess) -> str:
    return str(sandbox.salesforce_login("mia")["access_token"])


def send(sandbox: SandboxProcess, token: str) -> requests.Response:
    """A conversion of no lead at all."""
    text = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns="urn:partner.soap.sforce.com"><soapenv:Header><SessionHeader>'
        f"<sessionId>{token}</sessionId></SessionHeader></soapenv:Header>"
        "<soapenv:Body><convertLead/></soapenv:Body></soapenv:Envelope>"
    )
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
    address = sandbox.info["salesforce_login_url"] + PATH
    return sandbox.session().post(address, data=text.encode(), headers=headers, timeout=20)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "throttle"}, 500, "sf:REQUEST_LIMIT_EXCEEDED"),
        ({"kind": "locked_row"}, 500, "sf:UNABLE_TO_LOCK_ROW"),
        ({"kind": "error", "status": 503}, 503, "sf:SERVER_UNAVAILABLE"),
        ({"kind": "revoked_token", "path": "Soap"}, 500, "sf:INVALID_SESSION_ID"),
    ],
)
def test_a_fault_is_told_in_an_envelope(
    sandbox: SandboxProcess, token: str, fault: dict[str, object], status: int, code: str
) -> None:
    assert send(sandbox, token).status_code == 200
    sandbox.fault(service="salesforce", **fault)
    answer = send(sandbox, token)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/xml")
    assert f"<faultcode>{code}</faultcode>" in answer.text
