"""`microscout adapt`: teaches the judge a new target from a few labelled frames."""

from __future__ import annotations

import json as jsonlib
import sys
from typing import TYPE_CHECKING, Any, cast

from agent.finding import config_error
from agent.progress_line import ProgressLine
from agent.rundir import RunDir, existing

if TYPE_CHECKING:
    from pathlib import Path

    from hardware.store import ImageStore
    from policies.mllm.adapt.card import Card
    from policies.mllm.adapt.examples import Example

REVIEWS = "reviews.jsonl"


def adapt(
    data: Path,
    out: Path,
    target: str,
    weights: Path | None,
    seed: int,
    *,
    json: bool,
    notes: str = "",
    retrieval_only: bool = False,
) -> int:
    """Exit code 0 when the adapter is written to `out`, which must not exist.

    `data` is a folder with labels.csv or labels.jsonl, or a run with reviews.jsonl. Raises
    ConfigError where it is unfit, JudgeUnavailable without weights.
    """
    if not data.is_dir():
        raise config_error(data, "there is no such folder", "give labelled images or a run")
    if out.exists() or out.is_symlink():
        raise config_error(out, "exists already; nothing was written", "choose another --out")
    from policies.mllm.adapt.build import Request, build
    from policies.mllm.adapt.examples import AdaptError, enough, read_folder

    request = Request(target, out, seed, notes, retrieval_only)
    try:
        run = RunDir(data).journal.is_file() or (data / REVIEWS).is_file()
        examples = reviewed(data) if run else read_folder(data)
        enough(examples, str(data))
        with ProgressLine(sys.stderr) as line:
            card = build(examples, request, weights, line.say)
    except AdaptError as error:
        raise config_error(data, _without(str(error), data), "") from None
    if json:
        told: dict[str, Any] = {"adapter": str(out), **card.model_dump(mode="json")}
        print(jsonlib.dumps(told))
    else:
        print("\n".join(lines(card, out)))
    return 0


def lines(card: Card, out: Path) -> list[str]:
    """What a person is told of an adapter."""
    kind = "examples to compare with" if card.kind == "retrieval" else "an adapter"
    found = [f"wrote {out}: {kind} for {card.target!r}"]
    found.append(f"  from {card.examples} examples, {card.positives} of them yes")
    if card.held_out_accuracy is not None:
        share = f"{100 * card.held_out_accuracy:.0f}%"
        found.append(f"  on examples that were left out in turn: {share} right (balanced)")
    else:
        found.append("  nothing was left out to measure it with: look at its answers before use")
    return found


def reviewed(run: Path) -> list[Example]:
    """The sharpest frame of every visit that a person reviewed (a later line overrules).

    Raises AdaptError for a line that is unfit, ConfigError without a journal, StoreError where the
    run lost a frame.
    """
    from agent.journal.database import Database
    from agent.recall import frames_of
    from hardware.store import ImageReader
    from policies.classical.judge import choose
    from policies.mllm.adapt.examples import AdaptError, Example

    answers = _answers(run / REVIEWS)
    database = Database(existing(run).journal, durable=False)
    store = cast("ImageStore", ImageReader(run))  # both read alike
    examples = []
    try:
        for visit, answer in answers.items():
            frames = frames_of(database, store, visit)
            if not frames:
                raise AdaptError(f"{run}/{REVIEWS}: visit {visit} has no frames; leave it out")
            frame, _ = choose(frames, None)
            if frame is not None:
                um = frame.meta.pixel_size_um
                examples.append(Example(frame.pixels, answer, (), um, f"visit {visit}"))
    finally:
        database.close()
    return examples


def _answers(path: Path) -> dict[int, bool]:
    from policies.mllm.adapt.examples import AdaptError, answer_of

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AdaptError(f"{path}: cannot be read ({error}); review the run first") from None
    found = {}
    for n, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = jsonlib.loads(line)
            visit = row["visit_id"]
            if isinstance(visit, bool) or not isinstance(visit, int):
                raise TypeError("not a number")
        except (ValueError, KeyError, TypeError):
            what = 'write {"visit_id": 3, "target": "yes"}'
            raise AdaptError(f"{path}:{n}: is not a review; {what}") from None
        found[visit] = answer_of(row.get("target"), f"{path}:{n}")
    return found


def _without(text: str, place: Path) -> str:
    return text.removeprefix(f"{place}: ").removeprefix(f"{place}/")
