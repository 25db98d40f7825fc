"""`microscout train`: the judge's model from bricks, in one command that may be interrupted."""

from __future__ import annotations

import sys
from pathlib import Path

from agent.finding import config_error
from agent.load import load_config, locate
from agent.progress_line import ProgressLine
from policies.mllm.train.recipe import TrainingConfig

RECIPE = "recipe.json"


def train(config_name: str, out: Path | None) -> int:
    """Exit code 0 when the weights are there.

    A folder that holds a training with the same recipe is gone on with; another recipe is refused.
    """
    path = locate("training", config_name)
    config = load_config(TrainingConfig, path)
    place = Path(config.out).expanduser() if out is None else out
    bricks = Path(config.bricks).expanduser()
    if not (bricks / "items.jsonl").is_file():
        message = f"no bricks in {bricks.absolute()}"
        raise config_error(path, message, "microscout bricks build makes them", key="bricks")
    begin(config, place)
    from policies.mllm.train.stages import Where
    from policies.mllm.train.stages import train as stages

    with ProgressLine(sys.stderr) as line:

        def tell(where: Where) -> None:
            line.say(str(where))

        weights = stages(config, bricks, place, tell)
    print(f"wrote {weights}; try it: microscout judge IMAGE --weights {weights}")
    return 0


def begin(config: TrainingConfig, place: Path) -> None:
    """Note the recipe in the folder, or hold it against the one that is noted there."""
    noted = place / RECIPE
    # where bricks and state lie may change between two sittings; what is trained may not
    text = config.model_dump_json(indent=1, exclude={"bricks", "out"}) + "\n"
    if noted.is_file():
        if noted.read_text(encoding="utf-8") != text:
            message = "was begun with another recipe"
            raise config_error(place, message, "choose another --out, or the recipe it began with")
        return
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise config_error(place, "is not an empty folder", "choose another --out")
    place.mkdir(parents=True, exist_ok=True)
    part = noted.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(noted)
