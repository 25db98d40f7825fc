from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))
from mcp_kit import House, open_house
from service_kit import finished_run, standin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from standin import StandIn

__all__ = ["finished_run", "standin"]


@pytest.fixture
def house(standin: StandIn, tmp_path: Path) -> Iterator[House]:
    """The stand-in over real HTTP, assistants in hazard mode, somebody there."""
    with open_house(standin, tmp_path) as opened:
        yield opened
