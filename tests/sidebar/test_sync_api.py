"""`/api/v1/sync/`: what it says of one's own mailboxes, what it changes, and that it does so for nobody else."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import crypto
from accounts.models import BlockEntry, PreferenceValue, User
from accounts.preferences import set_for_organisation
from accounts.services import create_user
from sync.models import Collection, Decision, Follow, Intent, Issue, Item, Mailbox
from sync.services.open_email import facts_key
from sync.services.party import party_of
from sync.services.versions import versions
from tests.sidebar.people import Office, Person, make_office

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def office() -> Office:
    crypto.forget_keys()
    cache.clear()
    return make_office()


def administrator(office: Office) -> Person:
    return Person(create_user(office.organisation, email="ines@larkfield.example", administrator=True))


def standing(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_it_lists_ones_own_mailboxes_and_how_they_stand(office: Office) -> None:
    office.item("a", "captured", "known-people")
    office.item("b", "skipped", "internal-only")
    (one,) = office.mia.api("GET", "mailboxes/").json()
    assert one["id"] == str(office.mailbox.pk)
    assert (one["filed"], one["skipped"], one["waiting"], one["failed"]) == (1, 1, 0, 0)
    assert one["state"] == one["reconnect"] or one["state"] == "reconnect"
    assert one["address"] == "mia.keller@larkfield.example"
    assert len(one["filed_by_day"]) == 14
    assert one["filed_by_day"][-1]["filed"] == 1
    assert office.tom.api("GET", "mailboxes/").json() == []


@pytest.mark.parametrize("step", ["pause", "resume", "now"])
def test_steps_on_anothers_mailbox_change_nothing(office: Office, step: str) -> None:
    Mailbox.objects.update(state="paused" if step == "resume" else "active")
    due = timezone.now() + timedelta(hours=1)
    office.folder("inbox", "Inbox", kind="inbox")
    Collection.objects.update(due_at=due)
    before = Mailbox.objects.values().get()
    for person in (office.tom, office.rita):
        assert person.api("POST", f"mailboxes/{office.mailbox.pk}/{step}/").status_code == 404
    assert office.mia.api("POST", f"mailboxes/{uuid.uuid4()}/{step}/").status_code == 404
    assert Mailbox.objects.values().get() == before
    assert Collection.objects.get().due_at == due


def test_pause_and_resume(office: Office) -> None:
    office.folder("inbox", "Inbox", kind="inbox")
    Collection.objects.update(due_at=timezone.now() + timedelta(hours=1))
    cache.set(facts_key(office.mia.actor), ["known-people", ""], 60)
    assert standing(office.mia.api("POST", f"mailboxes/{office.mailbox.pk}/pause/"))["state"] == "paused"
    assert cache.get(facts_key(office.mia.actor)) is None
    standing(office.mia.api("POST", f"mailboxes/{office.mailbox.pk}/resume/"))
    assert Mailbox.objects.get().state == Mailbox.State.ACTIVE
    assert Collection.objects.filter(due_at__lte=timezone.now()).exists()


def test_now_makes_everything_due(office: Office) -> None:
    office.folder("inbox", "Inbox", kind="inbox")
    Collection.objects.update(due_at=timezone.now() + timedelta(hours=1))
    standing(office.mia.api("POST", f"mailboxes/{office.mailbox.pk}/now/"))
    assert Collection.objects.filter(due_at__lte=timezone.now()).exists()


def test_reading_again_judges_anew_what_was_not_filed(office: Office) -> None:
    office.folder("inbox", "Inbox", kind="inbox")
    office.item("filed", "captured", "known-people")
    office.item("skipped", "skipped", "unknown-people")
    office.item("stopped", "skipped", "veto")
    since = (timezone.now() - timedelta(days=2)).date()
    answer = office.mia.api("POST", f"mailboxes/{office.mailbox.pk}/read-again/", {"since": since.isoformat()})
    assert answer.json()["judged_anew"] == 1
    assert set(Item.objects.values_list("provider_id", flat=True)) == {"filed", "stopped"}
    assert Mailbox.objects.get().window_from.date() == since


@pytest.mark.parametrize("since", ["", "tomorrow", "2999-01-01", "1999-01-01", None, 5])
def test_a_day_that_cannot_be_is_refused(office: Office, since: object) -> None:
    item = office.item("skipped", "skipped", "unknown-people")
    for step in ("read-again", "dry-run"):
        answer = office.mia.api("POST", f"mailboxes/{office.mailbox.pk}/{step}/", {"since": since})
        assert answer.status_code == 400
        assert answer.json()["problems"]
    assert Item.objects.filter(pk=item.pk).exists()


def test_a_dry_run_without_a_connection_says_what_to_connect(office: Office) -> None:
    day = timezone.now().date().isoformat()
    answer = office.mia.api("POST", f"mailboxes/{office.mailbox.pk}/dry-run/", {"since": day})
    assert answer.status_code == 409
    assert answer.json()["system"] == "microsoft"


def test_settings_say_where_they_come_from_and_what_is_locked(office: Office) -> None:
    set_for_organisation(administrator(office).actor, "mark_name", "Clients", forced=True)
    told = {one["name"]: one for one in office.mia.api("GET", "settings/").json()}
    assert set(told) == {
        "auto_file_mode",
        "auto_file_delay_minutes",
        "mark_name",
        "backfill_from",
        "chosen_folders",
        "language",
    }
    assert (told["mark_name"]["value"], told["mark_name"]["source"], told["mark_name"]["locked"]) == (
        "Clients",
        "organisation",
        True,
    )
    assert (told["auto_file_mode"]["source"], told["auto_file_mode"]["locked"]) == ("default", False)
    assert told["auto_file_mode"]["choices"] == ["off", "known-people", "same-domain", "everything-external"]


def test_a_choice_counts_at_once_and_is_taken_back(office: Office) -> None:
    cache.set(facts_key(office.mia.actor), ["known-people", ""], 60)
    organisation_id = office.organisation.pk
    before = versions(organisation_id, 1, office.mia.user.pk, "<m@x>", "c")
    answer = office.mia.api("PUT", "settings/auto_file_mode/", {"value": "off"})
    assert (answer.json()["value"], answer.json()["source"]) == ("off", "user")
    assert cache.get(facts_key(office.mia.actor)) is None
    assert versions(organisation_id, 1, office.mia.user.pk, "<m@x>", "c") != before
    assert office.tom.api("GET", "settings/").json()[0]["value"] == "known-people"
    assert office.mia.api("DELETE", "settings/auto_file_mode/").json()["source"] == "default"
    assert not PreferenceValue.objects.exists()


def test_a_locked_setting_is_not_changed(office: Office) -> None:
    set_for_organisation(administrator(office).actor, "auto_file_mode", "off", forced=True)
    answer = office.mia.api("PUT", "settings/auto_file_mode/", {"value": "everything-external"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "locked"
    assert not PreferenceValue.objects.filter(user=office.mia.user).exists()


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("auto_file_mode", "sometimes", 422),
        ("auto_file_delay_minutes", 5000, 422),
        ("auto_file_delay_minutes", "3", 422),
        ("mark_name", "", 422),
        ("backfill_from", "tomorrow", 422),
        ("mark_name", {"a": 1}, 400),
        ("max_file_mib", 3, 404),
        ("salesforce_background_percent", 80, 404),
        ("nothing", 1, 404),
    ],
)
def test_a_value_that_cannot_be_is_refused(office: Office, name: str, value: object, status: int) -> None:
    assert office.mia.api("PUT", f"settings/{name}/", {"value": value}).status_code == status
    assert not PreferenceValue.objects.exists()


def test_an_earlier_day_is_read_and_a_later_one_counts_from_here_on(office: Office) -> None:
    office.folder("inbox", "Inbox", kind="inbox")
    Collection.objects.update(full_read=False)
    day = (timezone.now() - timedelta(days=30)).date().isoformat()
    office.mia.api("PUT", "settings/backfill_from/", {"value": day})
    assert Mailbox.objects.get().window_from.date().isoformat() == day
    assert Collection.objects.get().full_read
    Collection.objects.update(full_read=False)
    later = (timezone.now() - timedelta(days=2)).date().isoformat()
    office.mia.api("PUT", "settings/backfill_from/", {"value": later})
    assert Mailbox.objects.get().window_from.date().isoformat() == later
    assert not Collection.objects.get().full_read


def test_chosen_folders_are_filed_from_at_once(office: Office) -> None:
    office.folder("inbox", "Inbox", kind="inbox")
    office.folder("clients", "Clients")
    office.folder("clients-a", "A", parent="clients")
    office.mia.api("PUT", "settings/chosen_folders/", {"value": ["clients"]})
    assert set(Collection.objects.filter(in_scope=True).values_list("remote_id", flat=True)) == {
        "inbox",
        "clients",
        "clients-a",
    }


def test_the_block_list_shows_both_and_changes_ones_own_alone(office: Office) -> None:
    theirs = office.block("spam.example")
    toms = office.block("noise.example", office.tom.user)
    added = office.mia.api("POST", "block-list/", {"value": " *.Noise.EXAMPLE "})
    assert added.status_code == 201
    assert added.json()["value"] == "noise.example"
    lines = office.mia.api("GET", "block-list/").json()
    assert [(line["value"], line["own"]) for line in lines] == [("spam.example", False), ("noise.example", True)]
    for entry in (theirs.pk, toms.pk, 999_999):
        assert office.mia.api("DELETE", f"block-list/{entry}/").status_code == 404
    assert office.mia.api("DELETE", f"block-list/{added.json()['id']}/").status_code == 204
    assert set(BlockEntry.objects.values_list("pk", flat=True)) == {theirs.pk, toms.pk}


def test_what_is_blocked_counts_at_once(office: Office) -> None:
    assert not party_of(office.mia.actor).blocked_by_user
    office.mia.api("POST", "block-list/", {"value": "noise.example"})
    assert party_of(office.mia.actor).blocked_by_user == {"noise.example"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("nothing at all", "Write an address"),
        ("a@", "Write an address"),
        ("larkfield.example", "your own organisation"),
        ("sub.larkfield.example", "your own organisation"),
        ("tom.okafor@larkfield.example", "your own organisation"),
        ("news@spam.example", "blocks it already"),
        ("mail.spam.example", "blocks it already"),
    ],
)
def test_what_cannot_be_blocked_says_why(office: Office, value: str, words: str) -> None:
    office.block("spam.example")
    answer = office.mia.api("POST", "block-list/", {"value": value})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert BlockEntry.objects.count() == 1


def test_the_same_entry_twice_is_once(office: Office) -> None:
    first = office.mia.api("POST", "block-list/", {"value": "noise.example"}).json()
    assert office.mia.api("POST", "block-list/", {"value": "@noise.example"}).json()["id"] == first["id"]


def test_issues_are_listed_tried_again_and_left(office: Office) -> None:
    issue = office.issue()
    (line,) = office.mia.api("GET", "issues/").json()
    assert line["sentence"] == "Salesforce refused the email."
    assert line["words"] == "Required field missing."
    assert line["can_retry"]
    for person in (office.tom, office.rita):
        assert person.api("GET", "issues/").json() == []
        for step in ("retry", "ignore"):
            assert person.api("POST", f"issues/{issue.pk}/{step}/").status_code == 404
    assert Issue.objects.get().settled_at is None
    assert office.mia.api("POST", f"issues/{issue.pk}/retry/").status_code == 204
    assert Intent.objects.get().state == Intent.State.WAITING
    assert Decision.objects.get().outcome == Decision.Outcome.WAITING
    assert Issue.objects.get().settled_how == "retried"
    assert office.mia.api("POST", f"issues/{issue.pk}/retry/").status_code == 404


def test_an_issue_that_trying_does_not_settle_says_so(office: Office) -> None:
    issue = Issue.objects.create(
        organisation=office.organisation, user=office.mia.user, reason=Issue.Reason.NEEDS_RECONNECT
    )
    assert office.mia.api("POST", f"issues/{issue.pk}/retry/").status_code == 409
    assert office.mia.api("POST", f"issues/{issue.pk}/ignore/").status_code == 204
    assert Issue.objects.get().settled_how == "ignored"


def test_decisions_are_filtered_and_come_25_a_page(office: Office) -> None:
    now = timezone.now()
    for number in range(27):
        office.item(f"s{number}", "skipped", "internal-only", received_at=now - timedelta(minutes=number))
    office.item("c", "captured", "known-people", received_at=now + timedelta(minutes=1))
    path = f"mailboxes/{office.mailbox.pk}/decisions/"
    first = office.mia.api("GET", path).json()
    assert len(first["decisions"]) == 25
    assert first["has_more"]
    assert not first["told"]
    assert first["decisions"][0]["sentence"] == "Filed because people in it are known to Salesforce."
    second = office.mia.api("GET", f"{path}?page=2").json()
    assert (len(second["decisions"]), second["has_more"]) == (3, False)
    assert len(office.mia.api("GET", f"{path}?outcome=captured").json()["decisions"]) == 1
    assert office.mia.api("GET", f"{path}?rule=veto").json()["decisions"] == []
    assert office.rita.api("GET", path).status_code == 404


@pytest.mark.parametrize("query", ["outcome=perhaps", "page=0", "page=x", f"words={'x' * 201}"])
def test_a_filter_that_is_none_is_refused(office: Office, query: str) -> None:
    assert office.mia.api("GET", f"mailboxes/{office.mailbox.pk}/decisions/?{query}").status_code == 400


def test_a_waiting_email_says_when_in_the_persons_zone(office: Office) -> None:
    item = office.item("w", "waiting", "known-people")
    due = office.activity(item).intents.get().due_at
    client = office.mia.page
    path = f"/api/v1/sync/mailboxes/{office.mailbox.pk}/decisions/"
    told = client.get(path, headers={"X-Time-Zone": "Asia/Kolkata"}).json()["decisions"][0]
    there = due + timedelta(hours=5, minutes=30)
    assert told["sentence"].startswith(f"Will be filed at {there:%H:%M} because")
    told = client.get(path, headers={"X-Time-Zone": "Mars/Olympus"}).json()["decisions"][0]
    assert told["sentence"].startswith(f"Will be filed at {due:%H:%M} because")


def test_follows_are_listed_and_stopped_by_their_own_person(office: Office) -> None:
    follow = office.follow()
    assert [one["id"] for one in office.mia.api("GET", "follows/").json()] == [str(follow.pk)]
    for person in (office.tom, office.rita):
        assert person.api("GET", "follows/").json() == []
        assert person.api("POST", f"follows/{follow.pk}/stop/").status_code == 404
    assert Follow.objects.get().stopped_at is None
    assert office.mia.api("POST", f"follows/{follow.pk}/stop/").status_code == 204
    assert Follow.objects.get().stopped_at is not None
    assert office.mia.api("POST", f"follows/{follow.pk}/stop/").status_code == 404


def test_without_the_permission_nothing_is_shown(office: Office) -> None:
    from permissions.models import Authorization

    Authorization.objects.filter(principal=User.objects.get(pk=office.mia.user.pk).principal).update(role="integration")
    for path in ("mailboxes/", "settings/", "block-list/", "issues/", "follows/"):
        assert office.mia.api("GET", path).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "settings/mark_name/"),
        ("POST", "block-list/"),
        ("POST", "mailboxes/{mailbox}/read-again/"),
        ("POST", "mailboxes/{mailbox}/dry-run/"),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"[" * 50_000,
        b'{"value": "a\\u0000b", "since": "a\\u0000"}',
        b'{"value": {"$ne": ""}, "since": {"$ne": ""}}',
        b'{"value": "' + b"x" * 100_000 + b'", "since": "2026-11-20"}',
        b'{"since": "2026-11-20", "value": "x.example", "user": "somebody else"}',
    ],
    ids=range(10),
)
def test_what_means_harm_is_refused_and_changes_nothing(office: Office, method: str, path: str, body: bytes) -> None:
    url = "/api/v1/sync/" + path.format(mailbox=office.mailbox.pk)
    before = Mailbox.objects.values().get()
    answer = office.mia.page.generic(method, url, body, "application/json")
    assert answer.status_code in {400, 422}
    assert Mailbox.objects.values().get() == before
    assert not PreferenceValue.objects.exists()
    assert not BlockEntry.objects.exists()


@pytest.mark.parametrize("words", ["\x00", "<\x00>", "' OR 1=1 --", "<" * 200, "\U0001f4a9"])
def test_words_that_mean_harm_find_nothing(office: Office, words: str) -> None:
    office.item("a", "captured", "known-people")
    path = f"/api/v1/sync/mailboxes/{office.mailbox.pk}/decisions/"
    assert office.mia.page.get(path, {"words": words}).status_code in {400, 409}
