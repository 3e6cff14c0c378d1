"""Everything that comes with a message, with its outcome (`sync.rules.content.files_of`)."""

from typing import Any

import pytest

from sync.mail import Attachment, AttachmentKind
from sync.rules.content import MAX_FILE_BYTES, choose_files, files_of
from tests.sync.rules.build import message

LINK = "https://drive.google.com/file/d/abc/view"
HTML = f'<p><img src="cid:logo"> <a href="{LINK}">the plan</a> <a href="https://customer.example/">us</a></p>'


def attached(name: str = "offer.pdf", size: int = 1000, **values: Any) -> Attachment:
    return Attachment(key=name, name=name, size=size, **values)


EVERYTHING = (
    attached(),
    attached("logo.png", content_type="image/png", content_id="logo", is_inline=True),
    attached("photo.png", content_type="image/png", content_id="photo", is_inline=True),
    attached("nothing.txt", size=0),
    attached("setup.exe"),
    attached("film.mp4", size=MAX_FILE_BYTES + 1),
    attached("readme"),
    attached("Our visit.eml", kind=AttachmentKind.MESSAGE),
)


def test_each_attachment_has_an_outcome_and_a_reason_by_name_and_links_are_listed_as_links() -> None:
    found = files_of(message(html=HTML, attachments=EVERYTHING))
    assert [(one.attachment.name, one.reason) for one in found] == [
        ("offer.pdf", ""),
        ("logo.png", "inline-image"),
        ("photo.png", ""),
        ("nothing.txt", "empty"),
        ("setup.exe", "dangerous"),
        ("film.mp4", "too-large"),
        ("readme", ""),
        ("Our visit.eml", ""),
        ("the plan", "link"),
    ]
    assert found[-1].attachment.url == LINK
    assert all(one.sentence.endswith(".") for one in found if one.reason)


def test_the_limit_and_the_allow_list_are_the_organisation_s() -> None:
    found = files_of(
        message(attachments=EVERYTHING), max_bytes=2**30, allowed_extensions=frozenset({"PDF", ".mp4", "exe"})
    )
    assert [one.attachment.name for one in found if one.included] == ["offer.pdf", "film.mp4"]
    assert [one.reason for one in found if one.attachment.name == "readme"] == ["not-allowed"]
    assert [one.reason for one in found if one.attachment.name == "setup.exe"] == ["dangerous"]


@pytest.mark.parametrize("entry", ["", " ", ".", "*.", "*"])
def test_an_entry_that_says_nothing_lets_no_file_without_an_extension_in(entry: str) -> None:
    found = choose_files([attached("readme"), attached()], html="", allowed_extensions=frozenset({entry, "*.pdf"}))
    assert [one.reason for one in found] == ["not-allowed", ""]


def test_the_attachments_of_an_encrypted_message_are_left_out() -> None:
    found = files_of(message(html=HTML, attachments=(attached("smime.p7m"),), problem="encrypted"))
    assert [(one.included, one.reason) for one in found] == [(False, "encrypted")]


def test_a_cloud_file_that_is_listed_already_is_not_listed_twice() -> None:
    known = attached("plan", size=0, kind=AttachmentKind.LINK, url=LINK)
    assert [one.attachment for one in files_of(message(html=HTML, attachments=(known,)))] == [known]
