"""Labelled frames that a new target is taught from."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policies.mllm.faults import BrickError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FEWEST, MOST = 8, 200
TABLES = ("labels.csv", "labels.jsonl")
ANSWERS = {
    **dict.fromkeys(("yes", "1", "true", "y"), True),
    **dict.fromkeys(("no", "0", "false", "n"), False),
}
Box = tuple[float, float, float, float]


class AdaptError(ValueError):
    """Examples or a folder that cannot be used; one line with the place and a remedy."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One labelled frame.

    Attributes
    ----------
    image : (h, w) or (h, w, c), c 1 to 4.
    target : whether what is taught is in view.
    boxes : (x0, y0, x1, y1) in pixels around what is taught; none where nobody drew any.
    pixel_um : micrometres a pixel, None where unknown.
    name : of the file or visit, for messages and for the memory.
    """

    image: NDArray[Any]
    target: bool
    boxes: tuple[Box, ...] = ()
    pixel_um: float | None = None
    name: str = ""


def read_folder(folder: Path, split: str | None = None) -> list[Example]:
    """Examples of `labels.csv` or `labels.jsonl` in a folder of images, in the table's order.

    Columns: image, target (yes/no/1/0), and perhaps boxes (JSON), pixel_um, split. `split` keeps
    the rows of one split. Raises AdaptError with the table's line where something is unfit.
    """
    table = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if table is None:
        raise AdaptError(
            f"{folder}: no {' or '.join(TABLES)}; write one with columns image, target"
        )
    found = []
    for line, row in _rows(table):
        if split is not None and row.get("split") != split:
            continue
        found.append(_example(folder, row, f"{table}:{line}"))
    return found


def enough(examples: Sequence[Example], where: str) -> None:
    """AdaptError where these are too few or too many, or only one answer is among them."""
    count, yes = len(examples), sum(one.target for one in examples)
    if not FEWEST <= count <= MOST:
        remedy = "label more frames" if count < FEWEST else "leave some out"
        raise AdaptError(f"{where}: {count} examples, {FEWEST} to {MOST} are needed; {remedy}")
    if yes in (0, count):
        missing = "yes" if yes == 0 else "no"
        raise AdaptError(f"{where}: no example says {missing}; label frames of both kinds")


def _rows(table: Path) -> list[tuple[int, dict[str, Any]]]:
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AdaptError(f"{table}: cannot be read ({error}); write it as UTF-8 text") from None
    if table.suffix == ".csv":
        return [(n + 2, dict(row)) for n, row in enumerate(csv.DictReader(text.splitlines()))]
    rows = []
    for n, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise AdaptError(f"{table}:{n}: is not a JSON object; write one a line")
        rows.append((n, row))
    return rows


def _example(folder: Path, row: dict[str, Any], where: str) -> Example:
    from policies.mllm.bricks.real import read_image

    name = str(row.get("image") or "")
    path = folder / name
    if not name or not path.resolve().is_relative_to(folder.resolve()):
        raise AdaptError(
            f"{where}: image {name!r} is not in the folder; name a file beside the table"
        )
    answer = answer_of(row.get("target"), where)
    try:
        image = read_image(path)
    except BrickError as error:
        raise AdaptError(f"{where}: {error}") from None
    if image.ndim not in (2, 3) or min(image.shape[:2]) < 8 or image.min() == image.max():
        raise AdaptError(f"{where}: {name} is constant or below 8 x 8 pixels; leave it out")
    return Example(image, answer, _boxes(row.get("boxes"), where), _um(row, where), name)


def answer_of(value: Any, where: str) -> bool:
    """Yes or no. AdaptError for anything else."""
    answer = ANSWERS.get(str(value).strip().lower())
    if answer is None:
        raise AdaptError(f"{where}: target {value!r} is no answer; write yes or no")
    return answer


def _um(row: dict[str, Any], where: str) -> float | None:
    value = row.get("pixel_um")
    if value in (None, ""):
        return None
    try:
        um = float(str(value))
    except ValueError:
        um = 0.0
    if not 0 < um < 1e4:
        raise AdaptError(f"{where}: pixel_um {value!r} is no size; write micrometres, or nothing")
    return um


def _boxes(value: Any, where: str) -> tuple[Box, ...]:
    if value in (None, ""):
        return ()
    try:
        rows = json.loads(value) if isinstance(value, str) else value
        boxes = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in rows)
    except (TypeError, ValueError):
        boxes = ((1.0, 1.0, 0.0, 0.0),)
    if not all(x0 < x1 and y0 < y1 for x0, y0, x1, y1 in boxes):
        raise AdaptError(
            f"{where}: boxes are not [[x0, y0, x1, y1], ...] in pixels; draw them again"
        )
    return boxes
