"""Trying the switches beforehand, with the lamp on: a guard that nobody tried is a hope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardware.deadman.hello import hello
from hardware.deadman.off import all_off
from hardware.deadman.switches import build

if TYPE_CHECKING:
    from pathlib import Path

    from hardware.data.dead_man_config import DeadManConfig


def try_switches(config: DeadManConfig, beside: Path | None = None) -> dict[str, str | None]:
    """Switch the light off once by each switch; its label -> what is wrong, None if confirmed.

    Not while a program has the instrument: the lamp's port would be taken. Raises DeadManUnusable.
    """
    switches = [build(said) for said in hello(config, 0.0, beside)["switches"]]
    found: dict[str, str | None] = {}

    def note(label: str, _: int, wrong: str | None) -> None:
        found[label] = wrong

    all_off(switches, 0.0, note)
    for switch in switches:
        switch.let_go()
        found.setdefault(switch.label, f"no answer within {switch.timeout_s:g} s")
    return found
