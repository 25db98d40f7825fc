from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from page_kit import Site, Switch, build, client_of

from agent.web.tokens import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from standin import StandIn


@pytest.fixture(autouse=True)
def _no_reading_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests change the stand-in behind the page's back, and look at once."""
    monkeypatch.setattr("agent.web.pages.glance.FRESH_S", -1.0)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """One app for all; whose service is switched."""
    return build(tmp_path_factory.mktemp("house"), Switch())  # type: ignore[arg-type]


def _site(house: Site, standin: StandIn) -> Site:
    assert isinstance(house.service, Switch)
    house.service.now = standin
    return Site(client_of(house.client.app), house.home, standin)


@pytest.fixture
def site(house: Site, standin: StandIn) -> Iterator[Site]:
    """The page; an operator has logged in."""
    made = _site(house, standin)
    with made.client:
        made.log_in()
        yield made


@pytest.fixture
def as_viewer(house: Site, standin: StandIn) -> Iterator[Site]:
    """The page; a viewer has logged in."""
    made = _site(house, standin)
    with made.client:
        made.log_in(Role.VIEWER, "Vera")
        yield made
