from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from api_kit import House, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from standin import StandIn


@pytest.fixture
def house(tmp_path: Path, standin: StandIn) -> Iterator[House]:
    """A running app with generous limits."""
    made = build(tmp_path / "home", standin)
    with made.client:
        yield made
