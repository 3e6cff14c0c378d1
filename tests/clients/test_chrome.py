"""The Chrome extension as files: what it may, what it names, what it says, and that its zip is always the same."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from config import settings
from scripts import ROOT
from scripts.extension import SOURCE, files, pack

MANIFEST: dict[str, Any] = json.loads((SOURCE / "manifest.json").read_text(encoding="utf-8"))
LANGUAGES = ("en", "de", "fr", "es", "ar")
SCRIPTS = sorted(SOURCE.glob("*.js"))
CONTENT_SCRIPTS = MANIFEST["content_scripts"][0]["js"]
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
#: The only addresses that code may hold: whose page it stands in, and the origin of itself.
ADDRESSES = {"https://mail.google.com"}


def code(path: Path) -> str:
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def messages(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SOURCE / "_locales" / language / "messages.json").read_text(encoding="utf-8"))
    return found


class Named(HTMLParser):
    """The files that a page names, and whatever it holds that it should not."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.files += [value for name, value in given.items() if name in ("src", "href") and value]
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag in ("style", "base", "object", "embed") or (tag == "script" and "src" not in given):
            self.inline.append(tag)


def named() -> set[str]:
    """Every file that anything of the extension names."""
    found = {
        "manifest.json",
        MANIFEST["background"]["service_worker"],
        MANIFEST["options_ui"]["page"],
        MANIFEST["storage"]["managed_schema"],
        *CONTENT_SCRIPTS,
        *MANIFEST["icons"].values(),
        *MANIFEST["action"]["default_icon"].values(),
        *(name for one in MANIFEST["web_accessible_resources"] for name in one["resources"]),
        *(f"_locales/{language}/messages.json" for language in LANGUAGES),
    }
    for page in SOURCE.glob("*.html"):
        parser = Named()
        parser.feed(page.read_text(encoding="utf-8"))
        found |= set(parser.files)
    for script in SCRIPTS:
        found |= {name.removeprefix("./") for name in re.findall(r'from "(\./[^"]+)"', code(script))}
    return found


def test_every_file_that_is_named_exists_and_every_file_is_named() -> None:
    assert {path.relative_to(SOURCE).as_posix() for path in files()} == named()


def test_it_asks_for_no_more_than_it_needs() -> None:
    assert MANIFEST["manifest_version"] == 3
    assert MANIFEST["permissions"] == ["identity", "storage"]
    assert not MANIFEST.keys() & {
        "host_permissions",
        "optional_permissions",
        "optional_host_permissions",
        "externally_connectable",
        "sandbox",
    }
    [script] = MANIFEST["content_scripts"]
    assert script["matches"] == ["https://mail.google.com/mail/u/*"]
    assert script["all_frames"] is False
    assert MANIFEST["web_accessible_resources"] == [
        {"resources": ["frame.html"], "matches": ["https://mail.google.com/*"]}
    ]


def test_its_pages_run_its_own_scripts_alone() -> None:
    policy = {
        line.split()[0]: line.split()[1:] for line in MANIFEST["content_security_policy"]["extension_pages"].split("; ")
    }
    assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == ["'self'"]
    loopback = ["https:", "http://localhost:*", "http://127.0.0.1:*"]
    assert policy["frame-src"] == policy["connect-src"] == loopback
    for page in SOURCE.glob("*.html"):
        parser = Named()
        parser.feed(page.read_text(encoding="utf-8"))
        assert parser.inline == []
        assert [name for name in parser.files if ":" in name or name.startswith("//")] == []


def test_its_id_is_that_of_its_key_and_the_one_that_the_server_knows() -> None:
    digest = hashlib.sha256(base64.b64decode(MANIFEST["key"])).hexdigest()[:32]
    own = "".join(chr(ord("a") + int(digit, 16)) for digit in digest)
    assert own in (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert own in settings.CHROME_EXTENSION_IDS
    assert f"chrome-extension://{own}" in settings.GMAIL_FRAME_ANCESTORS
    # Gmail's page is around the extension's, so it may frame; the pane's host it may not be.
    assert "https://mail.google.com" in settings.GMAIL_FRAME_ANCESTORS
    assert "https://mail.google.com" not in settings.GMAIL_HOST_ORIGINS


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_makes_no_code_and_no_markup_out_of_text(path: Path) -> None:
    found = re.findall(
        r"\beval\b|\bFunction\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|importScripts|executeScript|"
        r"createContextualFragment|DOMParser|srcdoc|set(?:Timeout|Interval)\(\s*[\"'`]|javascript:|\bimport\(",
        code(path),
    )
    assert found == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_knows_no_address_but_gmails(path: Path) -> None:
    assert set(re.findall(r"https?://[\w.:-]+", code(path))) <= ADDRESSES


@pytest.mark.parametrize("name", CONTENT_SCRIPTS)
def test_what_runs_in_gmails_page_can_reach_no_token(name: str) -> None:
    """They are no modules, import nothing, and have neither the worker's storage nor its messages."""
    text = code(SOURCE / name)
    assert (
        re.findall(r"\bimport\b|\bexport\b|storage\.session|storage\.managed|chrome\.identity|token|\bfetch\(", text)
        == []
    )
    assert '"worker"' not in text.replace('message?.from === "worker"', "")


def test_tokens_are_named_in_the_worker_and_on_their_way_to_the_pane_alone() -> None:
    assert [path.name for path in SCRIPTS if "storage.session" in code(path)] == [
        "settings.js",
        "signing_in.js",
        "worker.js",
    ]
    assert [path.name for path in SCRIPTS if "chrome.identity" in code(path)] == ["signing_in.js"]


def test_the_hosts_end_of_the_bridge_is_the_servers_own() -> None:
    for name in ("parent.js", "references.js"):
        assert (SOURCE / name).read_bytes() == (ROOT / "static/pane/hosts" / name).read_bytes()


def test_each_language_has_every_word_with_its_places() -> None:
    english = messages("en")
    for language in LANGUAGES:
        words = messages(language)
        assert words.keys() == english.keys()
        for name, word in words.items():
            places = sorted(re.findall(r"\$[A-Z_]+\$", word["message"]))
            assert places == sorted(re.findall(r"\$[A-Z_]+\$", english[name]["message"])), f"{language}: {name}"
            assert word["message"].strip()
        assert len(words["description"]["message"]) <= 132
        assert len(words["name"]["message"]) <= 75


def test_every_word_that_is_asked_for_is_there_and_none_is_left_over() -> None:
    text = "".join(code(path) for path in SCRIPTS if path.name != "parent.js")
    pages = "".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("*.html"))
    manifest = json.dumps(MANIFEST)
    words = set(messages("en"))
    asked = set(re.findall(r"__MSG_(\w+)__", manifest)) | set(re.findall(r'data-word="(\w+)"', pages))
    asked |= {name for name in words if f'"{name}"' in text}
    assert asked == words
    called = set(re.findall(r'\b(?:word|getMessage)\("(\w+)"', text))
    assert called <= words


def test_no_word_for_people_stands_in_the_code() -> None:
    for path in SCRIPTS:
        texts = re.findall(r'(?:textContent|title|label|placeholder)\s*=\s*["\'`]([^"\'`]+)', code(path))
        assert [text for text in texts if text not in {"×"}] == [], path.name


def test_what_an_administrator_may_set_is_described() -> None:
    schema = json.loads((SOURCE / "managed_schema.json").read_text(encoding="utf-8"))
    assert list(schema["properties"]) == ["server"]
    pattern = re.compile(schema["properties"]["server"]["pattern"])
    assert pattern.search("https://alongside.example")
    assert not pattern.search("http://alongside.example")
    assert not pattern.search("https://alongside.example/pane")


def test_the_zip_is_the_same_bytes_wherever_and_whenever_it_is_packed(tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(SOURCE, copy)
    for number, path in enumerate(sorted(copy.rglob("*"), reverse=True)):
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
        path.chmod(0o755)
    first, second = tmp_path / "one.zip", tmp_path / "two.zip"
    assert pack(first) == pack(second, copy) == hashlib.sha256(first.read_bytes()).hexdigest()
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.namelist() == sorted(named())
        assert archive.read("worker.js") == (SOURCE / "worker.js").read_bytes()
        packed = json.loads(archive.read("manifest.json"))
    assert packed == {name: value for name, value in MANIFEST.items() if name != "key"}
    pack(first, with_key=True)
    with zipfile.ZipFile(first) as archive:
        assert json.loads(archive.read("manifest.json")) == MANIFEST


def test_what_is_no_part_of_an_extension_is_not_packed(tmp_path: Path) -> None:
    copy = tmp_path / "chrome"
    shutil.copytree(SOURCE, copy)
    (copy / "private.pem").write_text("-")
    with pytest.raises(ValueError, match=r"private\.pem"):
        pack(tmp_path / "x.zip", copy)
