"""The demo's mail client as Office.js shows it: which client it is, what is open, and what that has and has not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, Route, expect

from tests.browser import office_types
from tests.browser.conftest import Outlook

pytestmark = pytest.mark.browser

Windows = Callable[..., Outlook]
MEMBERS: dict[str, Any] = json.loads(office_types.KEPT.read_text())

# Every object that an add-in can reach, with the interface that it is of, and its own names.
SEEN = """() => {
    const { context } = Office;
    const item = context.mailbox.item;
    const names = (object) => Object.keys(object || {});
    const form = item && `${item.itemType}-${typeof item.subject === 'string' ? 'read' : 'compose'}`;
    return {
        Context: names(context),
        Mailbox: names(context.mailbox),
        Diagnostics: names(context.mailbox.diagnostics),
        UserProfile: names(context.mailbox.userProfile),
        ContextInformation: names(context.diagnostics),
        UI: names(context.ui),
        OfficeTheme: names(context.officeTheme),
        RequirementSetSupport: names(context.requirements),
        Auth: names(Office.auth),
        Recipients: names(item?.to?.getAsync && item.to),
        Categories: names(item?.categories),
        InternetHeaders: names(item?.internetHeaders),
        NotificationMessages: names(item?.notificationMessages),
        Body: names(item?.body),
        form,
        item: names(item),
    };
}"""
FORMS = {
    "message-read": "MessageRead",
    "message-compose": "MessageCompose",
    "appointment-read": "AppointmentRead",
    "appointment-compose": "AppointmentCompose",
}
ASYNC = """([path, name, ...given]) => new Promise((resolve) => {
    const at = path.split('.').reduce((one, part) => one[part], Office.context.mailbox);
    at[name](...given, ({ status, value, error }) => resolve({ status, value, error }));
})"""


def started(window: Outlook, query: str = "", *, select: str | None = "Northwind renewal 2027") -> Frame:
    """The demo with that address; the pane's frame once the client has said who it is."""
    window.page.goto(f"{window.stack.address}/demo/{query}")
    window.page.locator(".message").first.wait_for()
    if select is not None:
        window.message(select).click()
        if window.page.locator("#open-addin").is_visible():
            window.page.locator("#open-addin").click()
    frame = pane_of(window.page)
    frame.wait_for_function("() => window.Office?.context.mailbox.userProfile.emailAddress")
    if select is not None:
        frame.wait_for_function("() => Office.context.mailbox.item")
    return frame


def pane_of(page: Page) -> Frame:
    expect(page.locator("#pane")).to_be_visible()
    element = page.locator("#pane").element_handle()
    assert element is not None
    frame = element.content_frame()
    assert frame is not None
    frame.wait_for_url(re.compile("/pane/"))
    return frame


def call(frame: Frame, path: str, name: str, *given: Any) -> dict[str, Any]:
    found: dict[str, Any] = frame.evaluate(ASYNC, [path, name, *given])
    return found


@pytest.mark.parametrize(
    ("query", "select", "form"),
    [
        ("", "Northwind renewal 2027", "message-read"),
        ("?host=ios", "Northwind renewal 2027", "message-read"),
        ("?host=onprem", "Northwind renewal 2027", "message-read"),
        ("?mode=compose", None, "message-compose"),
        ("?mode=compose&host=onprem-windows", None, "message-compose"),
        ("?mode=organizer", None, "appointment-compose"),
        ("?mode=attendee&owner=tom.okafor", "", "appointment-read"),
    ],
)
def test_every_name_is_one_of_microsofts(outlook: Windows, query: str, select: str | None, form: str) -> None:
    frame = started(outlook(), query, select=select)
    frame.wait_for_function("() => Office.context.mailbox.item")
    seen = frame.evaluate(SEEN)
    assert seen.pop("form") == form
    seen[FORMS[form]] = seen.pop("item")
    strange = {name: sorted(set(found) - set(MEMBERS[name])) for name, found in seen.items()}
    assert {name: found for name, found in strange.items() if found} == {}
    events = frame.evaluate("() => Object.keys(Office.EventType)")
    assert set(events) <= set(MEMBERS["EventType"])
    assert (
        frame.evaluate("() => Object.keys(Office.MailboxEnums.DelegatePermissions).sort()")
        == MEMBERS["DelegatePermissions"]
    )


def test_the_names_are_those_of_the_type_package(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("npm is not installed")
    package = MEMBERS["package"]
    packed = subprocess.run(
        [npm, "pack", package, "--silent"], cwd=tmp_path, capture_output=True, check=False, timeout=120
    )
    if packed.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the type package cannot be fetched")
    shutil.unpack_archive(next(tmp_path.glob("*.tgz")), tmp_path / "package", filter="data")
    declarations = next((tmp_path / "package").glob("*/index.d.ts")).read_text(encoding="utf-8")
    assert office_types.chosen(declarations, package.rpartition("@")[2]) == MEMBERS


@pytest.mark.parametrize(
    ("host", "platform", "name", "mailbox", "nested", "theme", "ids"),
    [
        ("web", "OfficeOnline", "OutlookWebApp", "1.15", True, True, "ews"),
        ("new", "OfficeOnline", "newOutlookWindows", "1.15", True, True, "ews"),
        ("windows", "PC", "Outlook", "1.15", True, True, "ews"),
        ("mac", "Mac", "Outlook", "1.14", True, True, "ews"),
        ("ios", "iOS", "OutlookIOS", "1.5", True, False, "rest"),
        ("android", "Android", "OutlookAndroid", "1.5", True, False, "rest"),
        ("onprem", "OfficeOnline", "OutlookWebApp", "1.5", False, False, "ews"),
        ("onprem-windows", "PC", "Outlook", "1.5", False, True, "ews"),
    ],
)
def test_each_client_has_what_it_has(
    outlook: Windows, host: str, platform: str, name: str, mailbox: str, nested: bool, theme: bool, ids: str
) -> None:
    frame = started(outlook(), f"?host={host}")
    told = frame.evaluate(
        """() => {
            const { context } = Office;
            const { item, diagnostics, restUrl, userProfile } = context.mailbox;
            const has = (set, version) => context.requirements.isSetSupported(set, version);
            return {
                platform: context.platform, name: diagnostics.hostName, view: diagnostics.OWAView, restUrl,
                sets: ['1.1', '1.5', '1.6', '1.8', '1.14', '1.15', '1.16'].filter((version) => has('Mailbox', version)),
                nested: has('NestedAppAuth', '1.1'), bridge: Boolean(window.nestedAppAuthBridge),
                identity: has('IdentityAPI', '1.3'),
                theme: context.officeTheme?.bodyBackgroundColor, categories: Boolean(item.categories), id: item.itemId,
                account: userProfile.accountType, auth: typeof Office.auth?.getAccessToken,
            };
        }"""
    )
    cloud = not host.startswith("onprem")
    assert (told["platform"], told["name"]) == (platform, name)
    assert (told["view"] is not None) is (name == "OutlookWebApp")
    assert told["sets"][-1] == mailbox
    assert (told["nested"], told["bridge"]) == (nested, nested)
    assert told["identity"] is cloud
    assert told["auth"] == ("function" if cloud else "undefined")
    assert (told["theme"] is not None) is theme
    assert told["categories"] is (mailbox not in ("1.5",))
    assert bool(told["restUrl"]) is cloud
    assert told["account"] == ("office365" if cloud else "enterprise")
    assert bool(re.search("[/+]", told["id"])) <= (ids == "ews")
    assert not (ids == "rest" and re.search("[/+]", told["id"]))


def test_no_client_gives_a_token_of_exchange(outlook: Windows) -> None:
    window = outlook()
    for host in ("web", "onprem"):
        frame = started(window, f"?host={host}", select=None)
        told = frame.evaluate("() => new Promise((done) => Office.context.mailbox.getUserIdentityTokenAsync(done))")
        assert (told["status"], told["error"]["code"]) == ("failed", 9018)


def test_ids_are_of_ews_and_can_be_made_those_of_rest(outlook: Windows) -> None:
    window = outlook()
    ids = {}
    for host in ("web", "ios"):
        frame = started(window, f"?host={host}")
        ids[host] = frame.evaluate("() => Office.context.mailbox.item.itemId")
        ids[f"{host}-rest"] = frame.evaluate(
            "() => Office.context.mailbox.convertToRestId(Office.context.mailbox.item.itemId, 'v2.0')"
        )
    assert ids["web-rest"] == ids["ios"] == ids["ios-rest"]


@pytest.mark.parametrize("access", ["shared", "delegated"])
def test_a_mailbox_of_somebody_else_says_whose_it_is(outlook: Windows, access: str) -> None:
    frame = started(outlook(), f"?owner=tom.okafor&access={access}", select="")
    told = call(frame, "item", "getSharedPropertiesAsync")["value"]
    assert told["owner"] == told["targetMailbox"] == "tom.okafor@larkfield.example"
    assert set(told) == set(MEMBERS["SharedProperties"])
    assert told["delegatePermissions"] == {"shared": 63, "delegated": 23}[access]
    assert frame.evaluate("() => Office.context.mailbox.userProfile.emailAddress") == "mia.keller@larkfield.example"
    own = started(outlook(), "")
    assert own.evaluate("() => 'getSharedPropertiesAsync' in Office.context.mailbox.item") is False
    old = started(outlook(), "?owner=tom.okafor&host=onprem", select="")
    assert old.evaluate("() => 'getSharedPropertiesAsync' in Office.context.mailbox.item") is False


def test_recipients_are_asked_for_told_of_and_set(outlook: Windows) -> None:
    window = outlook()
    frame = started(window, "?mode=compose", select=None)
    frame.wait_for_function("() => Office.context.mailbox.item")
    frame.evaluate(
        """() => { window.heard = []; Office.context.mailbox.item.addHandlerAsync(Office.EventType.RecipientsChanged,
            (event) => window.heard.push(event)); }"""
    )
    window.page.locator('.write [name="to"]').fill("Dana Ruiz <dana@northwind.example>, li.wei@northwind.example")
    window.page.locator('.write [name="subject"]').fill("Offer")
    frame.wait_for_function("() => window.heard.length === 1")
    event = frame.evaluate("() => window.heard[0]")
    assert event["type"] == "olkRecipientsChanged"
    assert {name for name, changed in event["changedRecipientFields"].items() if changed} == {"to"}
    people = call(frame, "item.to", "getAsync")["value"]
    assert [(one["displayName"], one["emailAddress"]) for one in people] == [
        ("Dana Ruiz", "dana@northwind.example"),
        ("", "li.wei@northwind.example"),
    ]
    assert call(frame, "item.subject", "getAsync")["value"] == "Offer"
    call(frame, "item.bcc", "addAsync", ["me@larkfield.example"])
    assert window.page.locator('.write [name="bcc"]').input_value() == "me@larkfield.example"
    assert call(frame, "item.from", "getAsync")["value"]["emailAddress"] == "mia.keller@larkfield.example"
    assert call(frame, "item", "getComposeTypeAsync")["value"]["composeType"] == "newMail"
    assert frame.evaluate("() => Object.keys(Office.EventType).includes('ItemSend')") is False


# The mail client's side of the first meeting, held back until the test lets it go on.
HELD_BACK = """() => {
    if (window !== window.top) { return; }
    const held = [];
    let isOpen = false;
    window.addEventListener('message', (event) => {
        if (!isOpen && event.data?.kind === 'hello') {
            event.stopImmediatePropagation();
            held.push(event);
        }
    });
    window.isHeld = () => held.length > 0;
    window.goOn = () => {
        isOpen = true;
        held.forEach(({ data, origin, source }) =>
            window.dispatchEvent(new MessageEvent('message', { data, origin, source })));
    };
}"""


def test_what_happens_before_or_during_the_first_meeting_is_neither_lost_nor_an_error(outlook: Windows) -> None:
    window = outlook()
    window.page.add_init_script(f"({HELD_BACK})()")
    held: list[Route] = []
    window.page.route("**/office_items*.js", lambda route: held.append(route))
    window.page.goto(f"{window.stack.address}/demo/")
    window.page.wait_for_function("() => window.isHeld()")
    frame = pane_of(window.page)
    window.message("Login fails").click()
    window.page.evaluate(
        """() => document.getElementById('pane').contentWindow.postMessage(
            { alongsideOffice: true, kind: 'theme', value: {} }, location.origin)"""
    )
    held.pop().continue_()
    frame.wait_for_timeout(500)
    assert frame.evaluate("() => Office.context.mailbox.item") is None
    window.page.evaluate("() => window.goOn()")
    frame.wait_for_function("() => Office.context.mailbox.item?.subject.startsWith('Login fails')")

    again = outlook()
    again.page.route("**/office_items*.js", lambda route: held.append(route))
    again.page.goto(f"{again.stack.address}/demo/")
    again.page.locator(".message").first.wait_for()
    frame = pane_of(again.page)
    frame.wait_for_timeout(500)
    again.message("Login fails").click()
    held.pop().continue_()
    frame.wait_for_function("() => Office.context.mailbox.item?.subject.startsWith('Login fails')")


def test_what_an_add_in_marks_goes_out_with_the_message(outlook: Windows) -> None:
    window = outlook()
    frame = started(window, "?mode=compose", select=None)
    frame.wait_for_function("() => Office.context.mailbox.item")
    assert call(frame, "item.categories", "addAsync", ["Salesforce"])["error"]["name"] == "InvalidCategory"
    call(frame, "masterCategories", "addAsync", [{"displayName": "Salesforce", "color": "Preset7"}])
    again = call(frame, "masterCategories", "addAsync", [{"displayName": "salesforce", "color": "Preset7"}])
    assert again["error"]["name"] == "DuplicateCategory"
    call(frame, "item.categories", "addAsync", ["Salesforce"])
    assert call(frame, "item.categories", "getAsync")["value"] == [{"displayName": "Salesforce", "color": "None"}]
    call(frame, "item.internetHeaders", "setAsync", {"x-alongside": "file"})
    assert call(frame, "item.internetHeaders", "getAsync", ["x-alongside", "x-other"])["value"] == {
        "x-alongside": "file"
    }
    call(frame, "item.to", "setAsync", [{"emailAddress": "tom.okafor@larkfield.example", "displayName": "Tom Okafor"}])
    window.page.locator('.write [name="subject"]').fill("Marked from the demo")
    window.page.get_by_role("button", name="Send", exact=True).click()
    expect(window.page.locator(".reading__none")).to_have_text("Sent.")
    sent = [row for row in window.stack.sandbox.mail_of("mia") if row["folder"] == "sentitems"]
    assert max(sent, key=lambda row: str(row["receivedDateTime"]))["categories"] == ["Salesforce"]
    theirs = started(window, "?owner=tom.okafor", select="Marked from the demo")
    headers = call(theirs, "item", "getAllInternetHeadersAsync")["value"]
    assert re.search(r"(?i)^x-alongside: file\r?$", headers, re.MULTILINE)


def test_a_message_to_nobody_and_a_forged_header_are_refused(outlook: Windows) -> None:
    window = outlook()
    window.expect_console("400")
    frame = started(window, "?mode=compose", select=None)
    frame.wait_for_function("() => Office.context.mailbox.item")
    window.page.get_by_role("button", name="Send", exact=True).click()
    problem = window.page.locator(".write [role=alert]")
    expect(problem).to_have_text("A message needs somebody to go to.")
    call(frame, "item.to", "setAsync", ["dana@northwind.example"])
    call(frame, "item.internetHeaders", "setAsync", {"From": "ceo@larkfield.example"})
    window.page.get_by_role("button", name="Send", exact=True).click()
    expect(problem).to_have_text("An add-in cannot set the header From.")


def test_an_appointment_has_times_and_attendees(outlook: Windows) -> None:
    window = outlook()
    frame = started(window, "?mode=organizer", select=None)
    frame.wait_for_function("() => Office.context.mailbox.item")
    call(frame, "item.requiredAttendees", "setAsync", ["dana@northwind.example"])
    assert call(frame, "item.requiredAttendees", "getAsync")["value"][0]["emailAddress"] == "dana@northwind.example"
    assert call(frame, "item.organizer", "getAsync")["value"]["emailAddress"] == "mia.keller@larkfield.example"
    hours = frame.evaluate(
        """() => new Promise((resolve) => Office.context.mailbox.item.start.getAsync((start) =>
            Office.context.mailbox.item.end.getAsync((end) => resolve((end.value - start.value) / 3600000))))"""
    )
    assert hours == 1
    attendee = started(window, "?mode=attendee")
    told = attendee.evaluate(
        """() => { const { organizer, start, end, itemId, requiredAttendees } = Office.context.mailbox.item;
            const inOrder = start instanceof Date && end > start;
            return [organizer.emailAddress, inOrder, Boolean(itemId), requiredAttendees.length > 0]; }"""
    )
    assert told == ["dana@northwind.example", True, True, True]


HEAR = """() => {
    window.heard = [];
    const { mailbox } = Office.context;
    mailbox.addHandlerAsync(Office.EventType.ItemChanged, () => window.heard.push(mailbox.item?.subject ?? null));
}"""


@pytest.mark.parametrize(
    ("changed", "heard"),
    [("once", 1), ("late", 1), ("doubled", 2), ("missing", 0), ("null", 2)],
)
def test_another_item_is_told_once_late_twice_or_not_at_all(outlook: Windows, changed: str, heard: int) -> None:
    window = outlook()
    frame = started(window, f"?changed={changed}")
    frame.wait_for_timeout(3000)
    frame.evaluate(HEAR)
    window.message("Login fails").click()
    if changed == "late":
        frame.wait_for_function("() => Office.context.mailbox.item.subject.includes('Login fails')")
        assert frame.evaluate("() => window.heard") == []
    frame.wait_for_timeout(3500)
    told = frame.evaluate("() => window.heard")
    assert len(told) == heard
    assert (told[:1] == [None]) is (changed == "null")
    assert "Login fails" in frame.evaluate("() => Office.context.mailbox.item.subject")


def test_a_pane_that_is_not_pinned_closes_with_the_item(outlook: Windows) -> None:
    window = outlook()
    started(window, "?host=android")
    expect(window.page.locator("#pane")).to_be_visible()
    window.page.locator("#close-addin").click()
    window.message("Login fails").click()
    expect(window.page.locator("#pane")).to_be_hidden()
    expect(window.page.locator("#open-addin")).to_be_visible()
    window.page.locator("#open-addin").click()
    frame = pane_of(window.page)
    frame.wait_for_function("() => Office.context.mailbox.item?.subject.includes('Login fails')")


def nested(frame: Frame, method: str, **token_params: Any) -> dict[str, Any]:
    """An answer of the bridge, asked as MSAL asks."""
    found: dict[str, Any] = frame.evaluate(
        """([method, tokenParams]) => new Promise((resolve) => {
            const requestId = crypto.randomUUID();
            const listener = (response) => {
                const told = JSON.parse(typeof response === 'string' ? response : response.data);
                if (told.requestId === requestId) {
                    window.nestedAppAuthBridge.removeEventListener('message', listener);
                    resolve(told);
                }
            };
            window.nestedAppAuthBridge.addEventListener('message', listener);
            window.nestedAppAuthBridge.postMessage(JSON.stringify({
                messageType: 'NestedAppAuthRequest', method, requestId, sendTime: Date.now(), tokenParams,
            }));
        })""",
        [method, token_params or None],
    )
    assert found.pop("messageType") == "NestedAppAuthResponse"
    return found


def test_nested_app_authentication_gives_a_token_for_our_api(outlook: Windows) -> None:
    window = outlook()
    info = window.stack.sandbox.info
    frame = started(window, "", select=None)
    context = nested(frame, "GetInitContext")["initContext"]
    mia = window.stack.sandbox.user("mia")
    assert context["accountContext"] == {
        "homeAccountId": f"{mia['oid']}.{info['tenant_id']}",
        "environment": "login.microsoftonline.com",
        "tenantId": info["tenant_id"],
    }
    good = {"clientId": info["microsoft_client_id"], "scope": info["microsoft_scope"], "correlationId": "c"}
    told = nested(frame, "GetToken", **good)
    assert told["success"] is True
    assert told["account"]["username"] == mia["email"]
    assert told["token"]["scope"] == info["microsoft_scope"]
    assert told["token"]["access_token"].count(".") == told["token"]["id_token"].count(".") == 2
    assert 0 < told["token"]["expires_in"] <= 5400
    window.expect_console("502")
    for wrong in ({"clientId": "somebody-else"}, {"scope": "Mail.ReadWrite"}):
        refused = nested(frame, "GetToken", **{**good, **wrong})
        assert (refused["success"], refused["error"]["status"]) == (False, "PERSISTENT_ERROR")


def test_nested_app_authentication_asks_is_cancelled_and_is_forbidden(outlook: Windows) -> None:
    window = outlook()
    info = window.stack.sandbox.info
    good = {"clientId": info["microsoft_client_id"], "scope": info["microsoft_scope"]}
    frame = started(window, "?nested=popup", select=None)
    assert nested(frame, "GetToken", **good)["error"]["status"] == "USER_INTERACTION_REQUIRED"
    for choice, expected in (("Cancel", "USER_CANCEL"), ("Allow", None)):
        frame.evaluate(
            """(tokenParams) => { window.told = null;
                const bridge = window.nestedAppAuthBridge;
                bridge.addEventListener('message', ({ data }) => { window.told = JSON.parse(data); });
                bridge.postMessage(JSON.stringify({ messageType: 'NestedAppAuthRequest',
                    method: 'GetTokenPopup', requestId: 'p', tokenParams })); }""",
            good,
        )
        window.page.locator("#question").get_by_role("button", name=choice).click()
        frame.wait_for_function("() => window.told")
        told = frame.evaluate("() => window.told")
        assert (told.get("error") or {}).get("status") == expected
    assert nested(frame, "GetToken", **good)["success"] is True
    denied = started(window, "?nested=denied", select=None)
    assert nested(denied, "GetToken", **good)["error"]["status"] == "PERSISTENT_ERROR"
    disabled = started(window, "?nested=disabled", select=None)
    assert nested(disabled, "GetToken", **good)["error"]["status"] == "DISABLED"
    off = started(window, "?nested=none", select=None)
    assert off.evaluate(
        "() => ['nestedAppAuthBridge' in window, Office.context.requirements.isSetSupported('NestedAppAuth', '1.1')]"
    ) == [False, False]


def test_f6_goes_round_the_window_and_comes_back(outlook: Windows) -> None:
    window = outlook()
    started(window)
    window.message("Northwind renewal 2027").focus()
    seen = []
    for _ in range(4):
        window.page.keyboard.press("F6")
        window.page.wait_for_timeout(100)
        seen.append(
            window.page.evaluate("() => document.activeElement.closest('#folders, #messages, #reading, #pane')?.id")
        )
    assert seen == ["reading", "pane", "folders", "messages"]
    window.page.keyboard.press("Shift+F6")
    assert window.page.evaluate("() => Boolean(document.activeElement.closest('#folders'))")


def test_language_and_theme_are_the_clients(outlook: Windows) -> None:
    frame = started(outlook(), "?lang=ar-SA&theme=dark", select=None)
    assert frame.evaluate("() => [Office.context.displayLanguage, Office.context.officeTheme.isDarkTheme]") == [
        "ar-SA",
        True,
    ]


@pytest.mark.parametrize("query", ["?host=ios", "?host=web&theme=dark", "?mode=compose", "?host=android&lang=ar-SA"])
def test_nothing_is_wider_than_a_narrow_window(outlook: Windows, query: str) -> None:
    window = outlook(viewport={"width": 320, "height": 700})
    window.page.goto(f"{window.stack.address}/demo/{query}")
    window.page.locator(".message").first.wait_for()
    assert window.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
