"""A stop at once by the doors: it waits for nobody, and nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.service.states import Door
from agent.service.views import StopView
from agent.web import stopping

if TYPE_CHECKING:
    import pytest

PATIENCE_S = 20.0
DONE = StopView(stopped=True, light_off="confirmed", took_s=0.1)


@dataclass(frozen=True)
class Ada:
    name: str = "Ada"
    door: Door = Door.PAGE


class Service:
    """Its stop hangs until it is let go; or it fails."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.free = threading.Event()

    def stop_now(self, _: Any) -> StopView:
        if self.fault is not None:
            raise self.fault
        assert self.free.wait(PATIENCE_S)
        return DONE


def test_a_stop_that_hangs_holds_up_no_other_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thread that answers everybody must not be the one that hangs."""
    monkeypatch.setattr(stopping, "STOP_WITHIN_S", PATIENCE_S)
    service: Any = Service()

    async def both() -> StopView:
        stop = asyncio.create_task(stopping.stop_at_once(service, Ada()))
        await asyncio.sleep(0.1)  # it hangs by now
        service.free.set()  # as only another request could
        return await stop

    assert asyncio.run(both()) == DONE


def test_a_stop_that_did_not_answer_in_time_is_not_said_to_have_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stopping, "STOP_WITHIN_S", 0.05)
    service: Any = Service()
    found = asyncio.run(stopping.stop_at_once(service, Ada()))
    service.free.set()
    assert (found.stopped, found.light_off) == (False, "not confirmed")
    assert "it goes on trying" in found.could_not_stop[0]
    assert found.could_not_stop[1] == "switch the light off by hand"


def test_a_stop_that_fails_is_an_answer_too() -> None:
    service: Any = Service(KeyError("/home/ada/secret"))
    found = asyncio.run(stopping.stop_at_once(service, Ada()))
    assert (found.stopped, found.light_off) == (False, "not confirmed")
    assert found.could_not_stop[0] == "the service failed (KeyError)"
