"""The pane: what opening and filing an email costs.

Opens are measured end to end over the product's own address, at 100 ms provider latency, against the same composite
call made bare by simple-salesforce; warm opens against an empty authenticated view of the same server.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import requests
from simple_salesforce.api import Salesforce

from bench.figures import Figure
from bench.live import Product, live

LATENCY_MS = 100
COLD_OPENS = 30
WARM_SECONDS = 4.0
CLIENTS = 4
USERS = 20
OPENS_EACH = 10
REP = "mia.keller@larkfield.example"
BIG = "Drawings for all halls"
SETTINGS = {"DJANGO_SETTINGS_MODULE": "bench.settings"}


def run() -> Iterator[Figure]:
    with live(latency_ms=LATENCY_MS, settings=SETTINGS) as product:
        rep = product.sign_in(REP)
        messages = inbox(product)
        yield from calls(product, rep, messages[0])
        yield from cold(product, rep, messages)
        yield from crowd(product, rep, messages)
    with live(settings=SETTINGS) as product:
        rep = product.sign_in(REP)
        messages = inbox(product)
        yield from warm(product, rep, messages[0])
        yield from filing(product, rep, messages)


def inbox(product: Product) -> list[dict[str, Any]]:
    """The newest messages of the rep's inbox, with their attachments' names."""
    token = product.microsoft_token(REP, "Mail.Read")
    got = product.sandbox.get(
        f"{product.info['microsoft_graph_url']}/v1.0/me/mailFolders/inbox/messages?$top=200&$expand=attachments",
        headers={"Authorization": f"Bearer {token}"},
    )
    got.raise_for_status()
    found: list[dict[str, Any]] = [one for one in got.json()["value"] if one.get("from")]
    return found


def hint(message: dict[str, Any]) -> dict[str, Any]:
    """The message as the pane's client tells it."""

    def address(one: dict[str, Any]) -> dict[str, str]:
        return {"address": one["emailAddress"]["address"], "name": one["emailAddress"].get("name", "")}

    return {
        "item_key": message["id"],
        "internet_message_id": message["internetMessageId"] or "",
        "conversation_id": message["conversationId"],
        "subject": message["subject"] or "",
        "from": address(message["from"]),
        "to": [address(one) for one in message["toRecipients"]],
        "cc": [address(one) for one in message["ccRecipients"]],
        "attachments": [
            {"key": one["id"], "name": one["name"], "size": one["size"], "is_inline": one["isInline"]}
            for one in message.get("attachments", [])
        ],
    }


def fresh(message: dict[str, Any], number: int) -> dict[str, Any]:
    """The same people in an email that was never seen: a cold open."""
    return {**hint(message), "internet_message_id": f"<bench.{number}@northwind.example>"}


def open_form(asked: dict[str, Any]) -> str:
    return urlencode({"hint": json.dumps(asked), "generation": "1"})


def calls(product: Product, rep: httpx.Client, message: dict[str, Any]) -> Iterator[Figure]:
    counted = []
    for _ in range(2):
        product.clear_log()
        open_email(rep, hint(message))
        counted.append(float(len(product.calls("salesforce")) + len(product.calls("graph"))))
    yield Figure("pane.calls_cold", counted[0], "calls", 1, "equal")
    yield Figure("pane.calls_warm", counted[1], "calls", 0, "equal")


def open_email(rep: httpx.Client, asked: dict[str, Any]) -> httpx.Response:
    got = rep.post(
        "/pane/context/", content=open_form(asked), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    got.raise_for_status()
    return got


def cold(product: Product, rep: httpx.Client, messages: list[dict[str, Any]]) -> Iterator[Figure]:
    """Cold opens and bare calls in turn, so that whatever else the machine does meets both."""
    body = composite_body(product, rep, fresh(messages[0], 0))
    salesforce = bare_salesforce(product)
    opens, bare = [], []
    for number in range(COLD_OPENS + 3):
        opened = timed(open_email, rep, fresh(messages[0], number + 1))
        called = timed(salesforce.restful, "composite", method="POST", json=body)
        if number >= 3:
            opens.append(opened)
            bare.append(called)
    yield Figure("pane.cold_ratio", statistics.median(opens) / statistics.median(bare), "ratio", 1.15, "lower")


def composite_body(product: Product, rep: httpx.Client, asked: dict[str, Any]) -> dict[str, Any]:
    """The body of the composite call that an open makes, as the sandbox's log has its sub-requests."""
    product.clear_log()
    open_email(rep, asked)
    [call] = product.calls("salesforce")
    requests_ = [one.split(" ", 1) for one in call["sub_requests"]]
    return {
        "allOrNone": False,
        "compositeRequest": [
            {"method": method, "url": url, "referenceId": f"part{number}"}
            for number, (method, url) in enumerate(requests_)
        ],
    }


def bare_salesforce(product: Product) -> Salesforce:
    """simple-salesforce with the rep's own session, and nothing around it."""
    given = salesforce_login(product)
    session = requests.Session()
    session.trust_env = False
    session.verify = product.info["ca_file"]
    return Salesforce(
        session_id=given["access_token"], instance_url=given["instance_url"], version="66.0", session=session
    )


def salesforce_login(product: Product) -> dict[str, Any]:
    from tests.sandbox_process import SandboxProcess

    process = SandboxProcess.__new__(SandboxProcess)
    process.info = product.info
    process.http = process.session()
    given: dict[str, Any] = process.salesforce_login("mia")
    return given


def timed(action: Callable[..., object], *given: object, **named: object) -> float:
    """The seconds that a call takes."""
    began = time.perf_counter()
    action(*given, **named)
    return time.perf_counter() - began


def crowd(product: Product, rep: httpx.Client, messages: list[dict[str, Any]]) -> Iterator[Figure]:
    """Twenty people, each opening ten emails and every one of them a second time."""
    bearer = rep.headers["Authorization"]
    took: list[float] = []
    lock = threading.Lock()

    def work(user: int) -> None:
        with product.client(Authorization=bearer) as client:
            for number in range(OPENS_EACH):
                message = messages[(user * OPENS_EACH + number) % len(messages)]
                asked = {**hint(message), "internet_message_id": f"<crowd.{user}.{number}@northwind.example>"}
                for _ in range(2):
                    seconds = timed(open_email, client, asked)
                    with lock:
                        took.append(seconds * 1000)

    threads = [threading.Thread(target=work, args=(user,)) for user in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(took, n=100)
    yield Figure("pane.p50_ms", cuts[49], "ms", 250, "lower")
    yield Figure("pane.p95_ms", cuts[94], "ms", 600, "lower")


def warm(product: Product, rep: httpx.Client, message: dict[str, Any]) -> Iterator[Figure]:
    """Warm opens a second to empty authenticated requests a second, the same form sent to both, in turn."""
    body = open_form(hint(message))
    bearer = rep.headers["Authorization"]
    open_email(rep, hint(message))
    rates: dict[str, list[float]] = {"/pane/context/": [], "/bench/empty/": []}
    for _ in range(3):
        for path, measured in rates.items():
            measured.append(per_second(product.address, path, body, bearer, WARM_SECONDS / 2))
    ratio = statistics.median(rates["/pane/context/"]) / statistics.median(rates["/bench/empty/"])
    yield Figure("pane.warm_ratio", ratio, "ratio", 0.5, "higher")


def per_second(address: str, path: str, body: str, bearer: str, seconds: float) -> float:
    """Requests a second of a few clients that ask one after the other over connections they keep."""
    counts = [0] * CLIENTS
    until = time.perf_counter() + seconds
    host = urlsplit(address).netloc
    headers = {"Authorization": bearer, "Content-Type": "application/x-www-form-urlencoded"}

    def work(place: int) -> None:
        connection = http.client.HTTPConnection(host, timeout=30)
        while time.perf_counter() < until:
            connection.request("POST", path, body=body, headers=headers)
            response = connection.getresponse()
            response.read()
            assert response.status == 200, response.status
            counts[place] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def filing(product: Product, rep: httpx.Client, messages: list[dict[str, Any]]) -> Iterator[Figure]:
    plain = next(one for one in messages if "Northwind renewal" in one["subject"])
    open_email(rep, hint(plain))
    product.clear_log()
    file_email(rep, plain, [])
    yield Figure("filing.calls", float(len(product.calls("salesforce"))), "calls", 2, "lower")
    big = next(one for one in messages if one["subject"] == BIG)
    # What a first filing loads for good is no part of what a large file takes.
    before = peak_mib(product)
    filed = file_email(rep, big, [one["id"] for one in big["attachments"]])
    while any(one["state"] == "waiting" for one in filed["files"]):
        time.sleep(0.2)
        filed = rep.get(f"/api/v1/filings/{filed['filing_id']}/").json()
    assert [one["state"] for one in filed["files"]] == ["stored"], filed["files"]
    yield Figure("filing.growth_mib", peak_mib(product) - before, "MiB", 16, "lower")


def file_email(rep: httpx.Client, message: dict[str, Any], attachments: list[str]) -> dict[str, Any]:
    asked = {"hint": hint(message), "generation": "1"}
    opened = rep.post("/api/v1/context/", json=asked).json()
    people = [one["person"]["id"] for one in opened["matches"]["people"] if one["linked"]]
    records = [one["id"] for one in opened["choice"]["records"]]
    chosen = {"person": people, "record": records, "attachment": attachments, "confirmed": False}
    got = rep.post("/api/v1/filings/", json={**asked, **chosen})
    got.raise_for_status()
    filed: dict[str, Any] = got.json()
    assert filed["kind"] == "filed", filed
    return filed


def peak_mib(product: Product) -> float:
    """The most memory that a process of the server has held so far, in MiB (VmHWM)."""
    return max(_peak(process) for process in server_processes(product)) / 1024


def _peak(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return float(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def server_processes(product: Product) -> list[int]:
    """The gunicorn processes of this product: those whose environment names its folder."""
    mark = f"ALONGSIDE_VAR={product.var}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if b"gunicorn" in (folder / "cmdline").read_bytes() and mark in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
    return found
