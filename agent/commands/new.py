"""`microscout new`: a commented plan and a microscope file to edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.new import create

if TYPE_CHECKING:
    from pathlib import Path


def new(folder: Path, template: str) -> int:
    """Exit code 0; a folder that is in use is a ConfigError."""
    created = create(folder, template)
    for path in created.files:
        print(f"wrote {path}")
    print("next:")
    for step in created.next_steps:
        print(f"  {step}")
    return 0
