"""How well a target nobody taught is learned from few frames: platelets in blood smears.

The set (BCCD: stained smears with boxes, MIT) is kept out of all pretraining. Of its three classes
only platelets are asked for: nearly every image has red and white cells, a bit more than half have
a boxed platelet. Some platelets are not boxed, so no figure here can be perfect.
"""

from __future__ import annotations

import csv
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.mllm.adapt import lora
from policies.mllm.adapt.build import base_evidence
from policies.mllm.adapt.examples import AdaptError, Example
from policies.mllm.adapt.features import View, views_of
from policies.mllm.adapt.train import Pupil, Schedule, balanced_accuracy, remember, retrieval, train
from policies.mllm.bricks.real import read_image, rows
from policies.mllm.weights import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from policies.mllm.adapt.examples import Box
    from policies.mllm.model.scout import ScoutForConditionalGeneration

COLUMNS = {"platelet": ("n_platelets", "platelets"), "white blood cell": ("n_WBC", "WBC")}
WAYS = ("zero-shot", "retrieval", "LoRA", "both")
COPIES = 2


@dataclass(frozen=True, slots=True)
class Score:
    """On the test images: balanced accuracy at 0.5, and area under the ROC curve; 0 to 1."""

    balanced_accuracy: float
    auroc: float


def pilot(
    data: Path,
    weights: Path | None,
    sizes: Sequence[int] = (8, 16, 32),
    seeds: Sequence[int] = (0, 1, 2),
    target: str = "platelet",
    schedule: Schedule | None = None,
    test_images: int | None = None,
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """A row for every way and number of examples: mean, lowest and highest score over seeds.

    `data` has meta.csv and boxes.csv; `test_images` limits the test split. Raises AdaptError for
    another target or a table that is unfit, JudgeUnavailable without weights.
    """
    tell = say or (lambda _line: None)
    if target not in COLUMNS:
        raise AdaptError(f"target {target!r}: the pilot knows {', '.join(COLUMNS)}")
    loaded = load(weights)
    source = _Source(data, target)
    test = source.table("test")[:test_images]
    tell(f"looking at {len(test)} test images")
    seen = [source.views(loaded.model, row, 1)[0] for row in test]
    truth = [view.target for view in seen]
    base = [base_evidence(loaded, view, target) for view in seen]
    zero = _score(truth, [1 / (1 + np.exp(-z)) for z in base])
    scores: dict[tuple[str, int], list[Score]] = {("zero-shot", 0): [zero]}
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    held: dict[int, list[float]] = {size: [] for size in sizes}
    peft = lora.wrapped(loaded.model, "pilot", 0)
    for size in sizes:
        for seed in seeds:
            drawn = source.draw(size, seed)
            examples = [source.views(loaded.model, row, COPIES) for row in drawn]
            names = [row["image"] for row in drawn]
            with peft.disable_adapter():
                memory = remember(examples, names, loaded.calibration.feature_spread)
                own = [base_evidence(loaded, views[0], target) for views in examples]
            near = [memory.near(view.features) for view in seen]
            mix = retrieval(loaded, memory, own)
            p = [mix.probability(z, n.logit) for z, n in zip(base, near, strict=True)]
            scores.setdefault(("retrieval", size), []).append(_score(truth, p))
            began = time.monotonic()
            fitted = train(loaded, peft, "pilot", examples, names, target, seed, schedule)
            seconds[size].append(time.monotonic() - began)
            if fitted.held_out_accuracy is not None:
                held[size].append(fitted.held_out_accuracy)
            pupil = Pupil(loaded, peft, "pilot", target, schedule or Schedule())
            pupil.query = fitted.query
            pairs = list(zip(seen, near, strict=True))
            p = [fitted.alone.probability(pupil.evidence(v, None), 0.0) for v, _ in pairs]
            scores.setdefault(("LoRA", size), []).append(_score(truth, p))
            p = [fitted.together.probability(pupil.evidence(v, n), n.logit) for v, n in pairs]
            scores.setdefault(("both", size), []).append(_score(truth, p))
            last = {way: scores[way, size][-1] for way in WAYS[1:]}
            tell(f"{size} examples, seed {seed}, {seconds[size][-1]:.0f} s: {last}")
    return {
        "target": target,
        "test_images": len(test),
        "test_share_yes": round(float(np.mean(truth)), 3),
        "model": loaded.name,
        "rows": [_row(way, size, found) for (way, size), found in scores.items()],
        "seconds_per_lora": {size: _span(values) for size, values in seconds.items()},
        "held_out_accuracy": {size: _span(values) for size, values in held.items() if values},
    }


def examples_of(data: Path, target: str, size: int, seed: int) -> list[Example]:
    """The pilot's examples of one size and seed."""
    source = _Source(data, target)
    return [source.example(row) for row in source.draw(size, seed)]


class _Source:
    """The set's images, each looked at once."""

    def __init__(self, data: Path, target: str) -> None:
        self._data = data
        self._column, self._name = COLUMNS[target]
        self._seen: dict[str, tuple[View, ...]] = {}
        self._boxes: dict[str, list[Box]] = {}
        try:
            with (data / "boxes.csv").open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    if row["cls"].lower() == self._name.lower():
                        x0, y0, x1, y1 = (float(row[k]) for k in ("xmin", "ymin", "xmax", "ymax"))
                        self._boxes.setdefault(row["image"], []).append((x0, y0, x1, y1))
        except (OSError, KeyError, ValueError) as error:
            raise AdaptError(
                f"{data}/boxes.csv: cannot be read ({error}); copy the set again"
            ) from None

    def table(self, split: str) -> list[dict[str, str]]:
        """Rows of a split."""
        return rows(self._data, (split,))

    def draw(self, size: int, seed: int) -> list[dict[str, str]]:
        """As many of either answer from the training split."""
        rng = np.random.default_rng([seed, size])
        table = self.table("train")
        out = []
        for answer in (True, False):
            own = [row for row in table if (int(row[self._column]) > 0) is answer]
            if len(own) < size // 2:
                raise AdaptError(f"{self._data}: too few images for {size} examples; ask for fewer")
            out += [own[int(n)] for n in rng.permutation(len(own))[: size // 2]]
        return out

    def example(self, row: dict[str, str]) -> Example:
        """An image with its answer and boxes."""
        name, yes = row["image"], int(row[self._column]) > 0
        boxes = tuple(self._boxes.get(name, ())) if yes else ()
        return Example(read_image(self._data / name), yes, boxes, None, name)

    def views(
        self, model: ScoutForConditionalGeneration, row: dict[str, str], copies: int
    ) -> tuple[View, ...]:
        """What the base model saw; adapters never change it."""
        name = row["image"]
        if name not in self._seen:
            self._seen[name] = views_of(model, self.example(row), copies)
        return self._seen[name]


def auroc(truth: Sequence[bool], p: Sequence[float]) -> float:
    """Area under the ROC curve, ties counted half."""
    wanted, values = np.asarray(truth, bool), np.asarray(p, float)
    apart = values[wanted][:, None] - values[~wanted][None]
    return float((apart > 0).mean() + 0.5 * (apart == 0).mean())


def _score(truth: Sequence[bool], p: Sequence[float]) -> Score:
    return Score(round(balanced_accuracy(truth, p), 4), round(auroc(truth, p), 4))


def _row(way: str, size: int, found: Sequence[Score]) -> dict[str, Any]:
    return {
        "way": way,
        "examples": size,
        "balanced_accuracy": _span([one.balanced_accuracy for one in found]),
        "auroc": _span([one.auroc for one in found]),
    }


def _span(values: Sequence[float]) -> dict[str, float]:
    return {
        "mean": round(float(np.mean(values)), 4),
        "lowest": round(float(np.min(values)), 4),
        "highest": round(float(np.max(values)), 4),
    }


def write_pilot(path: Path, found: dict[str, Any]) -> None:
    """As JSON."""
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
