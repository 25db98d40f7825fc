"""What keeps the queue from going on by itself: people, or a light that may be on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.service.light import INSIDE, NOT_LOOKED, Light

if TYPE_CHECKING:
    from agent.service.config import ServiceConfig
    from agent.service.queue import Queue

QUEUE_HELD = "queue_held"  # setting: why nothing begins by itself


class Hold:
    """Why nothing begins, and what is known of the light while no runner is at work.

    Attributes
    ----------
    pressed : why nothing may begin, set by a stop at once, which takes no lock and waits for no
        disk; "" where nobody has pressed it.
    """

    def __init__(self, queue: Queue, config: ServiceConfig) -> None:
        self._queue = queue
        self.pressed = ""
        self.light = NOT_LOOKED if config.lamp_outlives else Light(None, True, INSIDE)

    @property
    def by_people(self) -> str:
        """Why nothing may begin, as people want it."""
        return self.pressed or self._queue.setting(QUEUE_HELD)

    @property
    def why(self) -> str:
        """Why nothing new begins by itself; "" while the queue goes on."""
        return self.by_people or (str(self.light) if self.light.forbids else "")

    def put(self, why: str) -> None:
        """Begin nothing more by itself, until it is released."""
        self._queue.set_setting(QUEUE_HELD, why)

    def release(self) -> None:
        """People let the queue go on; of the light nothing new is known."""
        self.pressed = ""
        self._queue.set_setting(QUEUE_HELD, "")
