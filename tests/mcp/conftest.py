from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))
from mcp_kit import House, open_house
from service_kit import finished_run, standin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from standin import StandIn

__all__ = ["finished_run", "standin"]


class Behind:
    """The service of the shared server: whichever stand-in is behind it now."""

    def __init__(self) -> None:
        self.now: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server for a file's tests; starting one for each would cost the most of their time."""
    behind: Any = Behind()
    with open_house(behind, tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture
def house(shared: House, standin: StandIn) -> House:
    """A fresh stand-in over real HTTP, assistants in hazard mode, somebody there."""
    shared.service.now = standin
    book = shared.door.approvals
    book._kept.clear()
    book._wishes.clear()
    shared.door.work.proposals.clear()
    shared.told.clear()
    for file in (shared.home / "logs").glob("*"):
        file.unlink()
    return dataclasses.replace(shared, service=standin)
