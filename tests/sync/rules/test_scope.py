"""Where mail is filed from by itself, what is watched for marks, and since when (`sync.rules.scope`, `…timing`)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sync.mail import FolderKind, Message
from sync.rules.scope import FolderPlace, in_scope, inherited_kind, is_marked, scoped_folder_ids, watched_folder_ids
from sync.rules.timing import before_window, files_at, window_start
from tests.sync.rules.build import message

FOLDERS = (
    FolderPlace("inbox", "root", FolderKind.INBOX),
    FolderPlace("deals", "inbox"),
    FolderPlace("big deals", "deals"),
    FolderPlace("sent", "root", FolderKind.SENT),
    FolderPlace("sent before", "sent"),
    FolderPlace("archive", "root"),
    FolderPlace("2025", "archive"),
    FolderPlace("other", "root"),
    FolderPlace("trash", "root", FolderKind.TRASH),
    FolderPlace("thrown away", "trash"),
    FolderPlace("junk", "root", FolderKind.JUNK),
    FolderPlace("drafts", "root", FolderKind.DRAFTS),
    FolderPlace("letters", "drafts"),
)


def at_graph(mail: Message, *, chosen: frozenset[str] = frozenset()) -> bool:
    scoped = scoped_folder_ids(FOLDERS, chosen)
    return in_scope(mail, provider="graph", chosen_folder_ids=chosen, scoped_folder_ids=scoped)


def at_gmail(*labels: str, chosen: frozenset[str] = frozenset(), **values: FolderKind) -> bool:
    mail = message(folder_ids=labels, **values)
    return in_scope(mail, provider="gmail", chosen_folder_ids=chosen, scoped_folder_ids=frozenset({"INBOX"}))


def test_folders_inbox_sent_and_chosen_ones_with_their_subfolders() -> None:
    assert scoped_folder_ids(FOLDERS, frozenset()) == {"inbox", "deals", "big deals", "sent", "sent before"}
    assert scoped_folder_ids(FOLDERS, frozenset({"archive"})) - scoped_folder_ids(FOLDERS, frozenset()) == {
        "archive",
        "2025",
    }


@pytest.mark.parametrize(
    ("folder_id", "expected"),
    [("inbox", True), ("big deals", True), ("sent before", True), ("2025", False), ("other", False), ("", False)],
)
def test_a_message_at_microsoft_is_in_scope_by_its_folder(folder_id: str, expected: bool) -> None:
    assert at_graph(message(folder_ids=(folder_id,))) is expected


def test_a_chosen_folder_brings_what_is_in_it_and_below_it() -> None:
    chosen = frozenset({"archive"})
    assert at_graph(message(folder_ids=("archive",)), chosen=chosen)
    assert at_graph(message(folder_ids=("2025",)), chosen=chosen)
    assert not at_graph(message(folder_ids=("other",)), chosen=chosen)


def test_inbox_and_sent_are_known_by_their_kind_alone() -> None:
    for kind in (FolderKind.INBOX, FolderKind.SENT):
        mail = message(folder=kind, folder_ids=("new",))
        assert in_scope(mail, provider="graph", chosen_folder_ids=frozenset(), scoped_folder_ids=frozenset())


def test_what_lies_within_trash_junk_or_drafts_is_never_in_scope_even_where_chosen() -> None:
    chosen = frozenset({"trash", "thrown away", "junk", "drafts", "letters"})
    assert not scoped_folder_ids(FOLDERS, chosen) & chosen
    for kind in (FolderKind.TRASH, FolderKind.JUNK, FolderKind.DRAFTS):
        assert not at_graph(message(folder=kind, folder_ids=("trash",)), chosen=chosen)


def test_all_folders_but_trash_junk_and_drafts_are_watched_for_marks() -> None:
    everything = {folder.id for folder in FOLDERS}
    assert watched_folder_ids(FOLDERS) == everything - {"trash", "thrown away", "junk", "drafts", "letters"}


def test_a_folder_within_the_deleted_items_is_deleted_too() -> None:
    known = {folder.id: folder for folder in FOLDERS}
    assert inherited_kind("thrown away", known) is FolderKind.TRASH
    assert inherited_kind("deals", known) is FolderKind.OTHER
    assert inherited_kind("inbox", known) is FolderKind.INBOX
    assert inherited_kind("unheard of", known) is FolderKind.OTHER


def test_folders_that_stand_in_a_circle_end() -> None:
    circle = (FolderPlace("a", "b"), FolderPlace("b", "a"), FolderPlace("c", "c"))
    assert scoped_folder_ids(circle, frozenset({"b"})) == {"a", "b"}
    assert watched_folder_ids(circle) == {"a", "b", "c"}


@pytest.mark.parametrize("label", ["SPAM", "TRASH", "DRAFT", "CHAT"])
def test_gmail_everything_but_spam_trash_drafts_and_chats(label: str) -> None:
    assert not at_gmail(label)
    assert not at_gmail("INBOX", "UNREAD", label)


@pytest.mark.parametrize("label", ["CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL", "CATEGORY_FORUMS"])
def test_gmail_but_the_promotions_social_and_forums_categories(label: str) -> None:
    assert not at_gmail("INBOX", label)
    assert not at_gmail("INBOX", label, "Label_1")


@pytest.mark.parametrize(
    "labels", [("INBOX",), ("SENT",), (), ("Label_1",), ("INBOX", "CATEGORY_UPDATES"), ("INBOX", "CATEGORY_PERSONAL")]
)
def test_gmail_everything_else_archived_mail_too(labels: tuple[str, ...]) -> None:
    assert at_gmail(*labels)


def test_gmail_plus_chosen_labels() -> None:
    chosen = frozenset({"Label_1"})
    assert at_gmail("INBOX", "CATEGORY_FORUMS", "Label_1", chosen=chosen)
    assert not at_gmail("INBOX", "CATEGORY_FORUMS", "Label_2", chosen=chosen)
    for never in ("SPAM", "TRASH", "DRAFT"):
        assert not at_gmail(never, "Label_1", chosen=chosen)
    assert not at_gmail("Label_1", chosen=chosen, folder=FolderKind.TRASH)


@pytest.mark.parametrize("name", ["Salesforce", "salesforce", "SALESFORCE", " Salesforce "])
def test_mark_the_category_or_label_named_in_settings_whole_name_case_insensitive(name: str) -> None:
    assert is_marked(("Blue", name), "Salesforce")
    assert is_marked(("Salesforce",), name)


@pytest.mark.parametrize(
    "name", ["Clients/Salesforce", "Salesforce/Clients", "Salesforce ok", "My Salesforce", "Sales", ""]
)
def test_mark_nested_labels_and_parts_of_names_no(name: str) -> None:
    assert not is_marked((name,), "Salesforce")


def test_mark_in_any_script_and_none_where_no_name_is_set() -> None:
    assert is_marked(("VERTRÄGE",), "Vertra\u0308ge")
    assert is_marked(("STRASSE",), "Straße")
    assert not is_marked(("", " "), "")
    assert not is_marked((), "Salesforce")


CONNECTED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_window_received_not_earlier_than_6_times_24_hours_before_connecting() -> None:
    start = window_start(CONNECTED)
    assert start == datetime(2026, 11, 14, 9, 30, tzinfo=UTC)
    assert not before_window(message(received_at=start), start)
    assert before_window(message(received_at=start - timedelta(seconds=1)), start)


def test_window_6_times_24_hours_are_instants_also_where_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    connected = datetime(2026, 10, 27, 9, 30, tzinfo=berlin).astimezone(UTC)
    assert connected - window_start(connected) == timedelta(hours=144)


@pytest.mark.parametrize(
    ("zone", "first_moment"),
    [
        ("Europe/Berlin", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("UTC", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_window_or_the_chosen_backfill_date_in_the_user_s_zone(zone: str, first_moment: datetime) -> None:
    assert window_start(CONNECTED, backfill=date(2026, 3, 1), zone=ZoneInfo(zone)) == first_moment


def test_window_a_chosen_date_counts_also_where_it_is_later_than_6_days_ago() -> None:
    start = window_start(CONNECTED, backfill=date(2026, 11, 19), zone=UTC)
    assert before_window(message(received_at=datetime(2026, 11, 18, 23, tzinfo=UTC)), start)


def test_window_without_an_arrival_the_date_stands_in() -> None:
    start = window_start(CONNECTED)
    early = start - timedelta(days=1)
    assert before_window(message(received_at=None, sent_at=early), start)
    assert not before_window(message(received_at=CONNECTED, sent_at=early), start)
    assert not before_window(message(received_at=None, sent_at=None), start)


def test_delay_3_minutes_from_first_sight() -> None:
    assert files_at(CONNECTED) - CONNECTED == timedelta(minutes=3)
    assert files_at(CONNECTED, timedelta(0)) == CONNECTED
    assert files_at(CONNECTED, timedelta(minutes=-1)) == CONNECTED
