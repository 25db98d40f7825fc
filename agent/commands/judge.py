"""`microscout judge`: what the judge says of single pictures."""

from __future__ import annotations

import json as jsonlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.finding import config_error, one_line
from agent.newfile import refuse_existing, whole

if TYPE_CHECKING:
    from pathlib import Path

    from agent.pictures import Picture
    from policies.mllm.picture import Judged

PNG = ".png"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and of whom.

    `ask` is plain data. `kind` is "mllm" or "classical"; `weights` and `adapter` are folders
    (None: the shipped weights, no adapter).
    """

    ask: str
    kind: str = "mllm"
    pixel_um: float | None = None
    weights: Path | None = None
    adapter: Path | None = None
    explain: bool = False


def judge(
    images: list[Path], question: Question, overlay: Path | None, *, force: bool, json: bool
) -> int:
    """Exit code 0; every picture is read before the first is judged."""
    from agent.looker import check_pixel_size, looker
    from agent.pictures import read_picture

    check_pixel_size(question.pixel_um)
    if not question.ask.strip():
        raise config_error("--ask", "is empty", "say what to look for: --ask mitosis")
    targets = overlays(images, overlay, force=force)
    pictures = [read_picture(path, question.pixel_um) for path in images]
    look = looker(question.kind, question.weights, question.adapter, explain=question.explain)
    told = []
    for picture, target in zip(pictures, targets, strict=True):
        judged = look(picture, question.ask)
        if target is not None:
            draw(picture, judged, target)
        told.append(as_json(picture, judged))
        if picture.note:
            print(f"note: {picture.path}: only {picture.note} was looked at", file=sys.stderr)
        if not json:
            print("\n".join(lines(picture, judged, explain=question.explain)))
            if target is not None:
                print(f"  drawn: {target}")
    if json:
        seconds = round(sum(item["latency_s"] for item in told), 4)
        model = told[0]["judge"] if told else question.kind
        print(jsonlib.dumps({"verdicts": told, "model": model, "latency_s": seconds}))
    return 0


def overlays(images: list[Path], overlay: Path | None, *, force: bool) -> list[Path | None]:
    """Where each picture's drawing goes: the file itself, or one per picture with its name."""
    if overlay is None:
        return [None] * len(images)
    if overlay.suffix.lower() != PNG:
        raise config_error(overlay, "is no PNG by its suffix", "give --overlay a name in .png")
    found: list[Path | None] = []
    for path in images:
        own = overlay if len(images) == 1 else overlay.with_stem(f"{overlay.stem}-{path.stem}")
        if own in found:
            own = own.with_stem(f"{own.stem}-{len(found) + 1}")
        refuse_existing(own, force=force, option="--overlay")
        found.append(own)
    return found


def draw(picture: Picture, judged: Judged, target: Path) -> None:
    """Write the drawing; whole or not at all."""
    from PIL import Image

    from agent.overlay import overlay

    with whole(target) as part:
        Image.fromarray(overlay(picture, judged)).save(part, format="PNG")


def as_json(picture: Picture, judged: Judged) -> dict[str, Any]:
    """The verdict with its image; lengths are named for their unit, which may be pixels."""
    verdict = judged.verdict.model_dump(mode="json", exclude={"visit_id", "fov"})
    if picture.pixel_um is None:
        names = {"x_um": "x_px", "y_um": "y_px", "area_um2": "area_px"}
        verdict["objects"] = [
            {names.get(key, key): value for key, value in thing.items()}
            for thing in verdict["objects"]
        ]
    return {
        "image": str(picture.path),
        "pixel_um": picture.pixel_um,
        "positions_in": "px" if picture.pixel_um is None else "um",
        **verdict,
    }


def lines(picture: Picture, judged: Judged, *, explain: bool) -> list[str]:
    """The verdict for a person."""
    verdict = judged.verdict
    asked = one_line(verdict.target)
    said = [f"{picture.path}: {_headline(judged, asked)}"]
    flags = ", ".join(flag.value for flag in verdict.flags) or "none"
    said.append(f"  focus {verdict.focus.state.value}, flags {flags}")
    if verdict.count is not None:
        covered = "" if verdict.confluence is None else f", {verdict.confluence:.0%} covered"
        said.append(f"  {verdict.count} objects, {len(judged.wanted)} of them {asked}{covered}")
    unit, um = ("px", 1.0) if picture.pixel_um is None else ("um", picture.pixel_um)
    if verdict.objects and picture.pixel_um is None:
        said.append("  pixel size unknown: positions are in pixels (--pixel-size UM tells it)")
    elif verdict.objects:
        said.append(f"  positions are in {unit}, {um:g} um a pixel")
    hits = sorted(
        (thing for thing in verdict.objects if thing.label == verdict.target),
        key=lambda thing: -thing.score,
    )
    said += [f"  {asked} at ({o.x_um:g}, {o.y_um:g}) {unit}, p {o.score:.2f}" for o in hits[:5]]
    if explain and verdict.rationale:
        said.append(f"  {one_line(verdict.rationale)}")
    return said


def _headline(judged: Judged, asked: str) -> str:
    verdict = judged.verdict
    p = "" if verdict.p_target is None else f"{asked}: p {verdict.p_target:.2f}"
    if not verdict.abstained:
        return p
    why = f"no answer on {asked}: {one_line(verdict.why_abstained)}"
    return f"{why} ({p})" if p else why
