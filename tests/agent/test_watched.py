"""Before the first light: one program per instrument, and a dead-man where one is configured."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from run_kit import demo

from agent.finding import ConfigError
from agent.watched import claim, dead_man
from hardware.data.dead_man_config import DeadManConfig, TcpSwitch

if TYPE_CHECKING:
    from pathlib import Path

CFG = """
Device,COM1,SerialManager,COM1
Device,Lamp,CoherentCube,Laser
Property,Lamp,Port,COM1
Property,Core,Initialize,1
"""


@pytest.fixture
def mm_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MICROSCOUT_LOCKS", str(tmp_path))
    path = tmp_path / "scope.cfg"
    path.write_text(CFG, encoding="utf-8")
    return path


CASES = [  # who has it, who wants it, whether it is refused
    ({"run": True, "service": True}, {"run": True, "service": True}, True),  # two runs
    ({"run": False, "service": True}, {"run": True, "service": True}, True),  # run while served
    ({"run": False, "service": True}, {"run": False, "service": True}, True),  # two services
    ({"run": False, "service": True}, {"run": True, "service": False}, False),  # its own runner
    ({"run": True, "service": False}, {"run": True, "service": False}, True),  # two runners
]


@pytest.mark.parametrize(("has", "wants", "refused"), CASES)
def test_two_programs_never_have_one_instrument(
    mm_config: Path, has: dict[str, bool], wants: dict[str, bool], refused: bool
) -> None:
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        claim(first, mm_config, "scope", "the first", **has)
        if not refused:
            claim(second, mm_config, "scope", "the second", **wants)
            return
        with pytest.raises(ConfigError, match="the first"):
            claim(second, mm_config, "scope", "the second", **wants)
        first.close()
        claim(second, mm_config, "scope", "the second", **wants)  # given back: free again


def test_a_configuration_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    with contextlib.ExitStack() as held, pytest.raises(ConfigError, match=r"^[^\n]+$"):
        claim(held, tmp_path / "none.cfg", "scope", "x", run=True, service=True)


def test_without_switches_it_is_said_loudly_that_nothing_would_switch_the_light_off(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    with contextlib.ExitStack() as held:
        assert dead_man(held, demo(), tmp_path, beside=None, said=said.append) is None
    assert len(said) == 1 and "NOTHING switches the light off" in said[0]


def test_a_dead_man_watches_until_the_run_says_goodbye(tmp_path: Path) -> None:
    switch = TcpSwitch(kind="tcp", address="127.0.0.1:9", send="OFF\n", expect="OFF")
    config = demo().model_copy(update={"dead_man": DeadManConfig(switches=(switch,))})
    with contextlib.ExitStack() as held:
        watcher = dead_man(held, config, tmp_path, beside=None, said=lambda _: None)
        assert watcher is not None and watcher.watching() is None
        assert watcher.announce(0.1) is None and watcher.dark() is None
    assert watcher.watching() is not None, "after the end nothing may shine"
