"""Open microscopes and let go of them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import rig as rigs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")  # how long an example takes proves nothing


@pytest.fixture
def real() -> Iterator[Callable[..., rigs.Rig]]:
    """Rigs of Micro-Manager's demo devices."""
    opened: list[rigs.Rig] = []

    def open_(*args: Any, **kwargs: Any) -> rigs.Rig:
        opened.append(rigs.real_rig(*args, **kwargs))
        return opened[-1]

    yield open_
    for rig in opened:
        rig.close()


@pytest.fixture
def sim() -> Iterator[Callable[..., rigs.Rig]]:
    """Rigs of the simulated scope."""
    opened: list[rigs.Rig] = []

    def open_(*args: Any, **kwargs: Any) -> rigs.Rig:
        opened.append(rigs.sim_rig(*args, **kwargs))
        return opened[-1]

    yield open_
    for rig in opened:
        rig.close()
