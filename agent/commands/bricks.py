"""`microscout bricks build`: training material for the judge."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path

from agent.bricks_config import BricksConfig
from agent.finding import config_error
from agent.load import load_config, locate
from agent.progress_line import ProgressLine


def build(config_name: str, data: Path | None, out: Path | None, *, json: bool) -> int:
    """Exit code 0; a folder that exists is refused."""
    path = locate("bricks", config_name)
    config = load_config(BricksConfig, path)
    place = Path(config.out).expanduser() if out is None else out
    if place.exists() or place.is_symlink():
        raise config_error(place, "exists already; nothing was written", "choose another --out")
    folder = Path(config.data).expanduser() if data is None else data
    if config.sets and not folder.is_dir():
        raise config_error(folder, "there is no such folder", "name the image sets' with --data")
    from agent.bricks_build import build as gather

    with ProgressLine(sys.stderr) as line:
        built = gather(config, folder, place, line.say)
    if json:
        told = {"bricks": str(built.folder), "pictures": built.pictures}
        print(jsonlib.dumps(told | {"questions": built.questions}))
    else:
        print(f"wrote {built.folder}: {built.pictures} pictures, {built.questions} questions")
    return 0
