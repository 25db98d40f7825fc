"""Which files of a folder are recorded images."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from sim.replay.errors import ReplayError
from sim.replay.ome_zarr import is_image
from sim.replay.reader import SUFFIXES

TRUTH = re.compile(r"(.*[_-])?(labels?|masks?|annotations?|ground_?truth|gt)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """Images below `root`, in natural order; `meta` is the table that describes them, if any."""

    root: Path
    paths: tuple[Path, ...]
    meta: Path | None
    truth: int  # folders and files left out because they hold labels or masks


def find(images: Path) -> Found:
    """Look for images: a file, an OME-Zarr folder, or a folder (its `images/` if it has one)."""
    if not images.exists():
        raise ReplayError(f"{images}: no such file or folder. Give a folder of recorded images.")
    if images.is_file():
        if images.suffix.lower() not in SUFFIXES:
            raise ReplayError(
                f"{images}: not a recorded image. PNG, TIFF, OME-TIFF and OME-Zarr can be replayed."
            )
        return Found(images.parent, (images,), None, 0)
    if is_image(images):
        return Found(images.parent, (images,), None, 0)
    inner = images / "images"
    root = inner if inner.is_dir() else images
    meta = (images.parent if images.name == "images" else images) / "meta.csv"
    paths, others, truth = _walk(root)
    if not paths:
        kinds = ", ".join(
            f"{n} {suffix or 'without suffix'}" for suffix, n in others.most_common(3)
        )
        raise ReplayError(
            f"{root}: no images in it{f' (files there: {kinds})' if kinds else ''}. "
            "PNG, TIFF, OME-TIFF and OME-Zarr can be replayed."
        )
    paths.sort(key=lambda path: natural(path.relative_to(root).as_posix()))
    return Found(root, tuple(paths), meta if meta.is_file() else None, truth)


def selected(found: Found, pattern: str) -> tuple[Path, ...]:
    """Paths whose name, or path below the root, fits the glob."""
    paths = tuple(
        path
        for path in found.paths
        if fnmatch(path.name, pattern) or fnmatch(path.relative_to(found.root).as_posix(), pattern)
    )
    if not paths:
        raise ReplayError(
            f"--select {pattern}: fits none of the {len(found.paths)} images in {found.root} "
            f"(the first is {found.paths[0].name})."
        )
    return paths


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Sort key that puts t2 before t10."""
    parts = re.split(r"(\d+)", text)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def _walk(root: Path) -> tuple[list[Path], Counter[str], int]:
    paths: list[Path] = []
    others: Counter[str] = Counter()
    truth = 0
    todo = [root]
    while todo:
        for entry in sorted(todo.pop().iterdir()):
            if entry.name.startswith("."):
                continue
            stem = entry.name if entry.is_dir() else entry.stem
            if TRUTH.fullmatch(stem):
                truth += 1
            elif entry.is_dir() and is_image(entry):
                paths.append(entry)
            elif entry.is_dir():
                todo.append(entry)
            elif entry.suffix.lower() in SUFFIXES:
                paths.append(entry)
            else:
                others[entry.suffix.lower()] += 1
    return paths, others, truth
