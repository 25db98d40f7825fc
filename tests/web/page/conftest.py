from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from page_kit import Site, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from standin import StandIn


@pytest.fixture(autouse=True)
def _no_reading_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests change the stand-in behind the page's back, and look at once."""
    monkeypatch.setattr("agent.web.pages.glance.FRESH_S", -1.0)


@pytest.fixture
def site(tmp_path: Path, standin: StandIn) -> Iterator[Site]:
    """The page; an operator has logged in."""
    made = build(tmp_path / "home", standin)
    with made.client:
        made.log_in()
        yield made


@pytest.fixture
def as_viewer(tmp_path: Path, standin: StandIn) -> Iterator[Site]:
    """The page; a viewer has logged in."""
    from agent.web.tokens import Role

    made = build(tmp_path / "home", standin)
    with made.client:
        made.log_in(Role.VIEWER, "Vera")
        yield made
