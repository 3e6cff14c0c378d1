"""Graph without Graph: a router at the HTTP edge that knows the five well-known folders, and no folder kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import respx

from sync.providers.graph import folders
from sync.providers.graph.client import GraphMailbox
from tests.sync.providers.fakes import GRAPH, FakeTokens
from tests.sync.providers.graph.batches import Batches, well_known


@pytest.fixture(autouse=True)
def fresh_folders() -> Iterator[None]:
    folders.forget()
    yield
    folders.forget()


@pytest.fixture
def batches() -> Batches:
    return Batches(well_known("me"))


@pytest.fixture
def graph(batches: Batches) -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.post(f"{GRAPH}/$batch").mock(side_effect=batches)
        yield router


@pytest.fixture
def mailbox() -> GraphMailbox:
    return GraphMailbox(FakeTokens())
