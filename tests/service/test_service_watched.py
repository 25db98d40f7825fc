"""The dead-man of a run that cannot begin, and of one that ends with its light on."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from agent.finding import ConfigError
from agent.load import load_microscope
from agent.watched import dead_man
from hardware.data.dead_man_config import DeadManConfig, TcpSwitch
from hardware.deadman import ward
from hardware.deadman.hello import DeadManUnusable

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = TcpSwitch(kind="tcp", address="127.0.0.1:9", send="OFF\n", expect="OFF")
CONFIG = load_microscope("demo").config.model_copy(
    update={"dead_man": DeadManConfig(switches=(NOWHERE,))}
)


@pytest.mark.parametrize(
    "fault", [DeadManUnusable("LAMP_TOKEN is not set"), OSError("no more processes")]
)
def test_no_run_begins_whose_dead_man_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fails(*_: Any) -> Any:
        raise fault

    monkeypatch.setattr(ward, "hello", fails)
    with contextlib.ExitStack() as held, pytest.raises(ConfigError, match=str(fault)) as said:
        dead_man(held, CONFIG, tmp_path, beside=None, said=lambda _: None)
    assert str(said.value).startswith("dead-man: does not start") and "\n" not in str(said.value)


def test_light_that_was_left_to_the_dead_man_is_told_of_once_more_at_the_very_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then it may have switched it off, or not: no goodbye, which would say that it is off."""
    monkeypatch.setattr("agent.watched.LAST_S", 0.1)
    said: list[str] = []
    with contextlib.ExitStack() as held:
        watcher = dead_man(held, CONFIG, tmp_path, beside=None, said=said.append)
        assert watcher is not None
        watcher.light_off = lambda: ("LED",)
        assert watcher.announce(60.0) is None
        assert "NOT" in watcher.take_over(0.1)
        said.clear()
    assert [text[:6] for text in said] == ["light:"]
    assert watcher.process_id is not None
    with contextlib.suppress(ProcessLookupError):  # it would go on trying for a while
        os.kill(watcher.process_id, signal.SIGKILL)
    watcher.take_over(10.0)
