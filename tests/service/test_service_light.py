"""What is said of the light after a runner's end: no more than somebody has looked at."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from agent.service.light import after_death, said_at_its_end
from agent.watched import RECORD

if TYPE_CHECKING:
    from pathlib import Path


def alarm(folder: Path, *, ward: int, dark: bool | None) -> None:
    """What a dead-man has written."""
    lines: list[dict[str, Any]] = [
        {"event": "alarm", "utc": "2026-01-01T00:00:00", "cause": "gone", "what": "it is gone"}
        | {"ward": ward}
    ]
    if dark is not None:
        event = "dark" if dark else "not_dark"
        lines.append({"event": event, "took_s": 0.1, "not_confirmed": ["lamp"], "switches": 1})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / RECORD).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("ward", "dark", "off"),
    [(7, True, True), (7, False, False), (7, None, None), (6, True, None)],
    ids=["confirmed", "not confirmed", "still trying", "of an earlier runner"],
)
def test_after_a_death_the_light_is_what_its_own_dead_man_has_confirmed(
    tmp_path: Path, ward: int, dark: bool | None, off: bool | None
) -> None:
    alarm(tmp_path, ward=ward, dark=dark)
    began = time.monotonic()
    assert after_death(1, tmp_path, 7, 0.1).off is off
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("left_on", "switched", "off", "words"),
    [
        ((), False, True, "read back"),
        (None, False, None, "without having read it back"),
        (("LED",), False, False, "LED could NOT be closed"),
        (("LED",), True, True, "the dead-man switched it off"),
        (None, True, True, "the dead-man switched it off"),
    ],
)
def test_at_an_end_the_light_is_what_was_read_back(
    tmp_path: Path, left_on: tuple[str, ...] | None, switched: bool, off: bool, words: str
) -> None:
    if switched:
        alarm(tmp_path, ward=7, dark=True)
    light = said_at_its_end(1, left_on, tmp_path, 7)
    assert light.off is off and words in str(light)
