"""A hand at the simulated microscope changes it, and no time passes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from sim.hand import OTHER_SHUTTER, touch, touch_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.scope import SimulatedScope

    Open = Callable[..., SimulatedScope]


def test_a_hand_moves_turns_and_lights(opened: Open) -> None:
    scope = opened()
    core, began_s = scope.core, scope.clock.now()
    x_um, y_um = core.getXYPosition()
    touch(core, "stage")
    assert core.getXYPosition() == pytest.approx((x_um + 80.0, y_um), abs=0.05)
    touch(core, "turret")
    assert core.getCurrentConfig("Objective") == "10X"
    touch(core, "light")
    assert core.getShutterOpen(OTHER_SHUTTER) and core.light[-1][1] is None
    assert scope.clock.now() == began_s
    with pytest.raises(ValueError, match="stage, turret and light"):
        touch(core, "sample")


def test_a_hand_waits_for_its_moment(opened: Open) -> None:
    scope, moment = opened(), threading.Event()
    scope.core.setShutterOpen(False)
    thread = touch_once(scope.core, "light", moment.is_set)
    assert not scope.core.true_light()
    moment.set()
    thread.join(20.0)
    assert scope.core.true_light()
