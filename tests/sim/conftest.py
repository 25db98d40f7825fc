"""Open simulated microscopes and shut them down again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sim_kit import demo, scenario

from sim.scope import SimulatedScope, open_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def opened() -> Iterator[Callable[..., SimulatedScope]]:
    """Open scopes with a 128 pixel camera and `sim_kit.scenario`'s changes."""
    scopes: list[SimulatedScope] = []

    def _open(name: str = "mitosis_night", **changes: Any) -> SimulatedScope:
        made = scenario(name, side=128, **changes)
        scopes.append(open_scope(demo(), made, made.seed))
        return scopes[-1]

    yield _open
    for scope in scopes:
        scope.shutdown()
