"""Who is told of light before it goes on, so that somebody else can switch it off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hardware.data import Refusal


class LightGuard(Protocol):
    """Told before each exposure. `hardware.deadman.ward.DeadMan` is one."""

    def watching(self) -> Refusal | None:
        """None while somebody watches; else why no light may go on."""

    def announce(self, light_s: float) -> Refusal | None:
        """Light may be on for `light_s` seconds from now; a refusal when nobody watches."""

    def dark(self) -> str | None:
        """The light is off. What was wrong with it since the announcement, if anything."""


class NoGuard:
    """Nobody watches, and nothing is refused for it."""

    def watching(self) -> None:
        """Nothing to ask."""

    def announce(self, light_s: float) -> None:
        """Nobody to tell."""

    def dark(self) -> None:
        """Nobody to tell."""
