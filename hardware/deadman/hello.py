"""The first line for the dead-man: its settings, with files and secrets looked up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardware.data.dead_man_config import HttpSwitch, MicroManagerSwitch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardware.data.dead_man_config import DeadManConfig, Switch


class DeadManUnusable(ValueError):
    """The dead-man cannot work as configured. One line: key, what is wrong, remedy."""


def hello(
    config: DeadManConfig,
    own_try_s: float,
    beside: Path | None,
    env: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """What the dead-man needs to know. Raises DeadManUnusable.

    `own_try_s` (s) goes on top of `grace_s`: the time in which the ward closes its shutters itself.
    `beside` is the folder of the microscope's YAML.
    """
    return {
        "silence_s": config.silence_s,
        "silence_dark_s": config.silence_dark_s,
        "grace_s": config.grace_s + own_try_s,
        "switches": [
            _switch(switch, f"dead_man.switches[{i}]", beside or Path(), env)
            for i, switch in enumerate(config.switches)
        ],
    }


def _switch(switch: Switch, key: str, beside: Path, env: Mapping[str, str]) -> dict[str, Any]:
    said = switch.model_dump(mode="json")
    if isinstance(switch, HttpSwitch):
        said["headers"] = {
            header: _value(env, name, f"{key}.headers_from_env.{header}")
            for header, name in said.pop("headers_from_env").items()
        }
    if isinstance(switch, MicroManagerSwitch):
        path = (beside / switch.mm_config).absolute()
        if not path.is_file():
            raise DeadManUnusable(f"{key}.mm_config: no such file: {path}; name a .cfg file")
        said["mm_config"] = str(path)
    return said


def _value(env: Mapping[str, str], name: str, key: str) -> str:
    if not env.get(name):
        raise DeadManUnusable(f"{key}: the environment variable {name} is not set; set it")
    return env[name]
