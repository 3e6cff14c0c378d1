"""The administration in Chromium: coming in from the pane, what needs attention, and what an administrator does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import signing_in
from accounts.actor import Actor
from accounts.models import Connection, Organisation, PaneSession, Preset, SessionTicket, StaffSession, System, User
from accounts.preferences import set_for_organisation
from accounts.services import connection_for, create_organisation, create_user
from accounts.teams import make, move
from permissions.audit.models import AuditEntry
from sync.models import ApiBudget, Collection, Issue, Mailbox
from tests.browser.chromium import ARTIFACTS, needed
from tests.browser.conftest import Outlook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "a long enough password"
REASON = "Ticket 4711: nothing is filed since Monday"
SIZES = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 320, "height": 640}}


@pytest.fixture(scope="module", autouse=True)
def _rows_are_read_beside_the_browser() -> Iterator[None]:
    """Playwright keeps a loop in this thread; rows are read in it all the same, while no page is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def larkfield(transactional_db: None) -> Organisation:
    organisation = create_organisation("Larkfield Instruments", domains=["larkfield.example"])
    create_organisation("Northwind Ltd", domains=["northwind.example"])
    return organisation


@pytest.fixture
def ines(larkfield: Organisation) -> User:
    return create_user(larkfield, email="ines.falk@larkfield.example", name="Ines Falk", administrator=True)


@pytest.fixture
def people(larkfield: Organisation, ines: User) -> list[User]:
    """Some people with mailboxes: one is behind, one has to renew a connection, one has an issue."""
    actor = Actor.of(ines)
    team = make(actor, "Sales EMEA")
    preset = Preset.objects.create(organisation=larkfield, name="Careful")
    set_for_organisation(actor, "auto_file_delay_minutes", 10, forced=True)
    org = larkfield.salesforce_orgs.create(org_id="00D000000000001AAA", instance_url="https://x.example")
    ApiBudget.objects.create(organisation=larkfield, salesforce_org=org, used=70, allowed=100, seen_at=timezone.now())
    found = []
    for number, name in enumerate(("Mia Keller", "Tom Okafor", "Ada Lind", "Bo Nyman", "Cleo Pratt")):
        user = create_user(larkfield, email=f"{name.split()[0].lower()}@larkfield.example", name=name)
        connection = connection_for(user, System.MICROSOFT)
        Connection.objects.filter(pk=connection.pk).update(
            state="needs_reconnect" if number == 1 else "active", external_username=user.email
        )
        mailbox = Mailbox.objects.create(
            organisation=larkfield,
            user=user,
            connection=connection,
            provider="graph",
            window_from=timezone.now(),
            last_success_at=timezone.now() - timedelta(minutes=number),
        )
        Collection.objects.create(
            organisation=larkfield,
            mailbox=mailbox,
            kind="mail",
            name="Inbox",
            folder_kind="inbox",
            due_at=timezone.now() - timedelta(hours=1 if number == 2 else 0),
        )
        if number == 3:
            Issue.objects.create(organisation=larkfield, user=user, mailbox=mailbox, reason="mailbox-refused")
        if number % 2:
            move(actor, user, team)
            user.preset = preset
            user.save(update_fields=["preset"])
        found.append(user)
    return found


@pytest.fixture
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Makes windows; the console has to stay empty in each."""
    errors: list[str] = []
    contexts: list[BrowserContext] = []
    expected = ("responded with a status of 4",)

    def make_window(size: str = "wide", **options: Any) -> Page:
        context = browser.new_context(viewport=SIZES[size], locale="en-GB", **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: errors.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: errors.append(f"thrown: {error}"))
        return page

    yield make_window
    for context in contexts:
        for number, page in enumerate(context.pages):
            if getattr(request.node, "failed", False) or errors:
                ARTIFACTS.mkdir(exist_ok=True)
                page.screenshot(path=ARTIFACTS / f"{request.node.name}-{number}.png", full_page=True)
        context.close()
    assert [said for said in errors if not any(word in said for word in expected)] == [], "the console told of errors"


@pytest.fixture(autouse=True)
def _chromium_is_there() -> None:
    needed()


def enter(page: Page, server: LiveServer, user: User) -> None:
    """With the address that the pane opens."""
    _token, actor = signing_in.begin_session(user, client="outlook")
    ticket = signing_in.issue_ticket(actor, SessionTicket.Purpose.ADMINISTRATION)
    page.goto(f"{server.url}/admin/enter/#{ticket}")
    expect(page.get_by_role("heading", name="What needs attention")).to_be_visible()
    assert ticket not in page.url


def sign_in(page: Page, server: LiveServer, operator: User) -> None:
    page.goto(f"{server.url}/admin/")
    page.get_by_role("link", name="sign in here").click()
    page.locator("#id_login").fill(operator.email)
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In").click()
    expect(page.get_by_role("heading", name="Your desk")).to_be_visible()


def shot(page: Page, name: str) -> None:
    if os.environ.get("ALONGSIDE_SHOTS"):
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"administration-{name}.png", full_page=True)


def fits(page: Page) -> None:
    """Nothing has to be scrolled sideways."""
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_what_needs_attention_leads_to_it(
    window: Callable[..., Page], live_server: LiveServer, ines: User, people: list[User]
) -> None:
    page = window()
    enter(page, live_server, ines)
    shot(page, "start")
    waiting = page.locator(".wait")
    expect(waiting).to_have_count(3)
    waiting.filter(has_text="Connections to renew").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    expect(page.locator("#result_list")).to_contain_text("Tom Okafor")
    shot(page, "connections")
    page.get_by_role("link", name="Start").click()
    waiting.filter(has_text="Mailboxes that are behind").click()
    expect(page.locator("#result_list")).to_contain_text("Ada Lind")
    page.get_by_role("link", name="Start").click()
    waiting.filter(has_text="Open issues").click()
    expect(page.locator("#result_list")).to_contain_text("Bo Nyman")
    page.locator("#result_list tbody th a").click()
    page.get_by_role("link", name="Leave it").click()
    page.get_by_role("button", name="Leave it").click()
    expect(page.locator(".messagelist")).to_contain_text("Left as it is.")
    assert Issue.objects.get().settled_how == "ignored"


def test_people_are_deactivated_after_a_confirmation(
    window: Callable[..., Page], live_server: LiveServer, ines: User, people: list[User]
) -> None:
    mia, tom = people[:2]
    signing_in.begin_session(mia, client="outlook")
    page = window()
    enter(page, live_server, ines)
    page.get_by_role("link", name="People", exact=True).click()
    shot(page, "people")
    page.get_by_role("row", name="Mia Keller").get_by_role("checkbox").check()
    page.get_by_role("row", name="Tom Okafor").get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option(label="Deactivate")
    page.get_by_role("button", name="Go on…").click()
    expect(page.get_by_role("heading", name="Deactivate")).to_be_visible()
    shot(page, "step")
    assert User.objects.filter(is_active=False).count() == 0
    page.get_by_role("button", name="Deactivate").click()
    expect(page.locator(".messagelist")).to_contain_text("Deactivated. 2 rows.")
    assert set(User.objects.filter(is_active=False)) == {mia, tom}
    assert not PaneSession.objects.filter(user=mia, revoked_at=None).exists()
    assert set(Mailbox.objects.filter(user__in=(mia, tom)).values_list("state", flat=True)) == {"ended"}
    assert set(Connection.objects.filter(user__in=(mia, tom)).values_list("state", flat=True)) == {"disconnected"}
    page.get_by_role("link", name="Mia Keller").click()
    expect(page.get_by_role("link", name="Let in again")).to_be_visible()
    shot(page, "person")


def test_a_staff_session_from_request_to_its_own_end(
    window: Callable[..., Page], live_server: LiveServer, ines: User, people: list[User], larkfield: Organisation
) -> None:
    sam = User.objects.create_superuser("sam@vendor.example", PASSWORD, name="Sam Vendor")
    of_sam, of_ines = window(), window()
    sign_in(of_sam, live_server, sam)
    expect(of_sam.locator("main")).not_to_contain_text("Mia Keller")
    of_sam.get_by_role("link", name="Ask for access – Larkfield Instruments").click()
    of_sam.get_by_label("Why do you need to look?").fill(REASON)
    of_sam.get_by_role("button", name="Ask").click()
    expect(of_sam.locator(".messagelist")).to_contain_text("Asked.")
    shot(of_sam, "desk")

    enter(of_ines, live_server, ines)
    of_ines.locator(".wait", has_text="Requests of the vendor's support").click()
    of_ines.locator("#result_list tbody th a").click()
    expect(of_ines.locator("main")).to_contain_text(REASON)
    of_ines.get_by_role("link", name="Approve").click()
    of_ines.get_by_label("half an hour").check()
    shot(of_ines, "approve")
    of_ines.get_by_role("button", name="Approve").click()
    expect(of_ines.locator(".notice")).to_contain_text("Sam Vendor")

    of_sam.reload()
    of_sam.get_by_role("button", name="Look").click()
    expect(of_sam.locator(".notice")).to_contain_text("You look at Larkfield Instruments as the vendor's staff")
    of_sam.get_by_role("link", name="People", exact=True).click()
    of_sam.get_by_role("link", name="Mia Keller").click()
    expect(of_sam.get_by_role("heading", name="Mia Keller")).to_be_visible()
    expect(of_sam.get_by_role("link", name="Deactivate")).to_have_count(0)
    shot(of_sam, "staff")

    of_ines.locator(".notice").get_by_role("link", name="What they looked at").click()
    expect(of_ines.locator("main")).to_contain_text(str(people[0].pk))
    shot(of_ines, "seen")

    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert of_sam.reload() is not None
        expect(of_sam.locator("body")).not_to_contain_text("Mia Keller")
        of_sam.goto(f"{live_server.url}/admin/")
        expect(of_sam.get_by_role("heading", name="Your desk")).to_be_visible()
        of_ines.reload()
        expect(of_ines.locator(".notice")).to_have_count(0)
        expect(of_ines.locator("main")).to_contain_text("itself")
    assert StaffSession.objects.get().state == "ended"


def test_the_audit_trail_is_taken_out_as_a_file(
    window: Callable[..., Page], live_server: LiveServer, ines: User, people: list[User]
) -> None:
    page = window()
    enter(page, live_server, ines)
    page.get_by_role("link", name="Audit trail").click()
    shot(page, "audit")
    page.get_by_role("link", name="Take it out as a file").click()
    page.get_by_label("What happened").select_option("user.made")
    with page.expect_download() as download:
        page.get_by_role("button", name="Take it out").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert lines[0]["export"]["action"] == "user.made"
    assert {line["action"] for line in lines[1:-1]} == {"user.made"}
    assert len(lines) == 2 + User.objects.filter(organisation=ines.organisation).count()
    assert AuditEntry.objects.filter(action="audit.exported", actor=ines.principal_id).count() == 1


def test_a_setting_is_forced_for_everybody(
    window: Callable[..., Page], live_server: LiveServer, ines: User, people: list[User]
) -> None:
    page = window()
    enter(page, live_server, ines)
    page.get_by_role("link", name="Organisation", exact=True).click()
    shot(page, "organisation")
    page.get_by_role("link", name="Settings").click()
    shot(page, "settings")
    largest = page.locator("fieldset", has_text="Largest file")
    largest.get_by_label("Settled here").check()
    largest.get_by_label("Largest file", exact=True).fill("500")
    page.get_by_role("button", name="Save").click()
    expect(largest.locator(".errorlist")).to_contain_text("from 1 to 100")
    largest.get_by_label("Largest file", exact=True).fill("10")
    largest.get_by_label("Nobody below chooses otherwise").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messagelist")).to_contain_text("Saved.")
    assert people[0].organisation is not None
    row = people[0].organisation.preference_values.get(name="max_file_mib")
    assert (row.value, row.forced) == (10, True)


def test_why_somebody_may_not(
    window: Callable[..., Page], live_server: LiveServer, ines: User, people: list[User]
) -> None:
    page = window()
    enter(page, live_server, ines)
    page.get_by_role("link", name="Why can, or cannot, …").click()
    page.get_by_label("Who").fill(people[0].email)
    page.get_by_label("Does what").select_option("user.view")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".answer")).to_contain_text("No. user.view on the whole organisation")
    shot(page, "why")
    page.get_by_label("Who").fill(ines.email)
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".answer")).to_contain_text("Yes.")
    expect(page.locator(".answer")).to_contain_text("Administrator on the whole organisation")


PAGES = [
    *(
        "",
        "accounts/user/",
        "accounts/team/",
        "accounts/connection/",
        "accounts/preset/",
        "sync/mailbox/",
        "sync/issue/",
    ),
    *("permissions/authorization/", "permissions/principal/", "permissions/ownrole/", "accounts/staffsession/"),
    *("permissions/auditentry/", "accounts/organisation/", "accounts/organisation/settings/", "why/"),
    *("accounts/user/step/add/", "permissions/authorization/step/give/"),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(
    window: Callable[..., Page], live_server: LiveServer, ines: User, people: list[User], size: str, scheme: str
) -> None:
    page = window(size, color_scheme=scheme)
    enter(page, live_server, ines)
    for address in PAGES:
        page.goto(f"{live_server.url}/admin/{address}")
        fits(page)
        shot(page, f"{scheme}-{size}-{address.strip('/').replace('/', '-') or 'start'}")
        small = page.evaluate(TOO_SMALL)
        assert small == [], f"{address}: {small}"
        pale = page.evaluate(TOO_PALE)
        assert pale == [], f"{address}: {pale}"


def test_it_works_with_the_keyboard_alone(
    window: Callable[..., Page], live_server: LiveServer, ines: User, people: list[User]
) -> None:
    page = window()
    enter(page, live_server, ines)
    page.keyboard.press("Tab")
    expect(page.locator(".skip-to-content-link")).to_be_focused()
    for _step in range(40):
        page.keyboard.press("Tab")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert ring != "0px", page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("document.activeElement.matches('.wait')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#result_list")).to_be_visible()


#: What is pressed is at least 24 px high, but for links within text.
TOO_SMALL = """() => [...document.querySelectorAll("button, a.button, select, input, .rooms a, summary")]
  .filter((one) => one.checkVisibility() && !one.matches("[type=hidden], [type=checkbox], [type=radio]"))
  .filter((one) => one.getBoundingClientRect().height < 24)
  .map((one) => one.outerHTML.slice(0, 120))"""
#: Words against what is behind them: 4.5 to 1.
TOO_PALE = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => sum + share * linear(c[i] / 255), 0);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.9) {
        return colour;
      }
    }
    return [255, 255, 255];
  };
  const ratio = (one) => {
    const [dark, bright] = [light(parse(getComputedStyle(one).color)), light(behind(one))].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const words = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility() && words(one))
    .filter((one) => !one.closest("option, script, .visually-hidden, :disabled, .skip-to-content-link"))
    .filter((one) => ratio(one) < 4.5)
    .map((one) => `${ratio(one).toFixed(1)} ${one.outerHTML.slice(0, 100)}`);
}"""


def test_it_is_opened_from_the_pane(outlook: Callable[..., Outlook]) -> None:
    """The whole product beside its sandbox: an administrator presses, and is in."""
    pane_window = outlook()
    pane_window.start("ines.falk")
    pane_window.pane.locator("#open-sync").click()
    with pane_window.page.context.expect_page() as opened:
        pane_window.pane.get_by_role("button", name="Administration").click()
    page = opened.value
    expect(page.get_by_role("heading", name="What needs attention")).to_be_visible()
    assert page.url.endswith("/admin/")
    page.get_by_role("link", name="People", exact=True).click()
    expect(page.locator("#result_list")).to_contain_text("mia.keller@larkfield.example")


def test_a_rep_is_offered_no_administration(outlook: Callable[..., Outlook]) -> None:
    pane_window = outlook()
    pane_window.start()
    pane_window.pane.locator("#open-sync").click()
    expect(pane_window.pane.locator("#sync .sync__nav")).to_be_visible()
    expect(pane_window.pane.get_by_role("button", name="Administration")).to_have_count(0)
