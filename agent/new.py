"""Writes a commented plan and a microscope file to edit. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from agent.finding import config_error, nearest

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATES = ("watch", "timelapse", "replay")
_PLAN, _MICROSCOPE = "plan.yaml", "microscope.yaml"


@dataclass(frozen=True, slots=True)
class Created:
    """The files written, and what to try next (one command or hint per line)."""

    files: tuple[Path, ...]
    next_steps: tuple[str, ...]


def create(folder: Path, template: str = "watch") -> Created:
    """Write `plan.yaml` and `microscope.yaml` into `folder`, which must be new or empty.

    Raises ConfigError for an unknown template, a folder that is in use, or one that cannot be
    written; then nothing was changed.
    """
    if template not in TEMPLATES:
        message = f"no template {template}"
        raise config_error("--template", message, nearest(template, TEMPLATES))
    source = files("agent") / "templates"
    texts = {
        _PLAN: (source / template / _PLAN).read_text(encoding="utf-8"),
        _MICROSCOPE: (source / _MICROSCOPE).read_text(encoding="utf-8"),
    }
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            what = "is not empty" if folder.is_dir() else "is a file"
            raise config_error(folder, f"{what}; nothing was written", "name a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as fault:
        message = f"cannot be written: {fault.strerror or fault}"
        raise config_error(folder, message, "name another folder") from None
    return Created(tuple(folder / name for name in texts), _next_steps(folder, template))


def _next_steps(folder: Path, template: str) -> tuple[str, ...]:
    plan = folder / _PLAN
    check = f"microscout check {plan}"
    if template == "replay":
        return (
            check,
            f"microscout replay {plan} --images FOLDER --pixel-size 0.65   # um, where not in them",
        )
    return (
        f"microscout rehearse {plan}   # simulated: a night in about a minute",
        f"edit {folder / _MICROSCOPE}: your Micro-Manager configuration, limits and light",
        check,
        f"microscout run {plan}",
    )
