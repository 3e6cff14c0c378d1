"""Each way in which a request can fail is a state with its words, its HTTP status and a next step."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from accounts.errors import NotConnected
from accounts.preferences import BadValue, Locked
from sidebar.hints import Invalid
from sidebar.shell import client_states
from sidebar.states import EXPECTED, State, state_of
from sync import errors
from sync.capture.block_list import BadEntry
from sync.capture.folder_choice import UnknownFolder
from sync.capture.follows import NothingToFollow
from sync.services.choosing import BadChoice
from tests.sidebar.examples import STATES, draw_state

FOLDER = Path(__file__).resolve().parents[2] / "templates/pane/states"
#: States after which there is nothing to press: selecting an email is the next step.
WITHOUT_BUTTON = {"no-item", "appointment", "unsupported", "locked"}


@pytest.mark.parametrize(
    ("error", "name", "status"),
    [
        (NotConnected("salesforce"), "not-connected", 409),
        (errors.NeedsReconnect(system="microsoft"), "reconnect", 409),
        (errors.Throttled(retry_after=12.4), "throttled", 429),
        (errors.QuotaSpent(until=datetime(2026, 11, 24, tzinfo=UTC)), "quota", 503),
        (errors.Unavailable(), "unavailable", 503),
        (errors.CursorExpired(), "unavailable", 503),
        (errors.Ambiguous(), "ambiguous", 503),
        (errors.Refused("Name: required"), "refused", 422),
        (errors.Forbidden(), "forbidden", 403),
        (errors.Gone(), "gone", 404),
        (errors.Conflict(), "conflict", 409),
        (BadChoice("Choose again."), "choice", 422),
        (Invalid(("hint.to: wrong.",)), "invalid", 400),
        (NothingToFollow("File the email first."), "choice", 422),
        (BadEntry("Write an address."), "choice", 422),
        (UnknownFolder("No such folder."), "choice", 422),
        (BadValue("mark_name", "One line."), "choice", 422),
        (Locked("mark_name"), "locked", 409),
    ],
)
def test_an_error_becomes_its_state(error: Exception, name: str, status: int) -> None:
    state = state_of(error)
    assert (state.name, state.status) == (name, status)


def test_every_provider_error_has_a_state() -> None:
    for kind in errors.ProviderError.__subclasses__():
        assert isinstance(kind(), EXPECTED)
        assert (FOLDER / f"{state_of(kind()).name}.html").is_file()


def test_a_defect_is_no_state() -> None:
    with pytest.raises(KeyError):
        state_of(KeyError("x"))


def test_waiting_is_told_in_whole_seconds_and_not_for_ever() -> None:
    assert state_of(errors.Throttled(retry_after=0.2)).retry_after == 1
    assert state_of(errors.Throttled(retry_after=90_000)).retry_after == 3600


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.html")))
def test_each_state_says_what_happened_and_what_can_be_done(name: str) -> None:
    state = STATES.get(name) or State(name, 500, "state-error")
    html = render_to_string(state.template, {"state": state})
    assert '<h2 class="state__title">' in html
    assert '<p class="state__text">' in html
    assert ("data-action=" in html) is (name not in WITHOUT_BUTTON)


def test_every_state_is_either_the_servers_or_the_clients() -> None:
    clients = {name for name, _symbol, _sentence in client_states()}
    assert {path.stem for path in FOLDER.glob("*.html")} == clients | set(STATES)


def test_throttled_says_when_it_tries_again() -> None:
    html = draw_state("throttled")
    assert 'data-retry-after="12"' in html
    assert "<span data-countdown>12</span> seconds" in html


def test_a_state_replaces_the_foot_and_the_status_too() -> None:
    html = draw_state("unavailable")
    assert '<div id="foot" hx-swap-oob="innerHTML"></div>' in html
    assert '<div id="status" hx-swap-oob="innerHTML">' in html
