"""How well a run caught the divisions that happened: a pure function of truth and record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sim.truth import TrueMitosis

FRAMES_TO_CAPTURE = 10  # visits between the start of metaphase and the end of telophase
GRACE_S = 600.0  # a burst this long after telophase is still about that division


@dataclass(frozen=True, slots=True)
class Score:
    """`recall` is None where nothing happened."""

    total: int
    captured: int
    recall: float | None
    false_reactions: int
    missed: tuple[TrueMitosis, ...] = ()


def score(
    truth: Sequence[TrueMitosis],
    reaction_frames: Iterable[tuple[str, float]],
    bursts: Iterable[tuple[str, float, float]],
) -> Score:
    """Score a run.

    Parameters
    ----------
    truth : from `SimulatedScope.truth`; divisions that are not `scored` excuse a burst only.
    reaction_frames : (field of view, time in s) of reaction visits. Give each visit one time:
        equal times count once, so that two channels are not two looks.
    bursts : (field of view, start, end) in s. A burst is false when no division of its field was
        under way (prophase to `GRACE_S` after telophase) while it lasted.
    """
    seen: dict[str, set[float]] = {}
    for fov, time_s in reaction_frames:
        seen.setdefault(fov, set()).add(time_s)
    asked = [event for event in truth if event.scored]
    missed = tuple(event for event in asked if not _captured(event, seen.get(event.fov, set())))
    captured = len(asked) - len(missed)
    false = sum(
        not any(_overlaps(event, fov, start, end) for event in truth) for fov, start, end in bursts
    )
    recall = captured / len(asked) if asked else None
    return Score(len(asked), captured, recall, false, missed)


def _captured(event: TrueMitosis, times: set[float]) -> bool:
    return sum(event.metaphase_s <= t <= event.end_s for t in times) >= FRAMES_TO_CAPTURE


def _overlaps(event: TrueMitosis, fov: str, start: float, end: float) -> bool:
    return event.fov == fov and event.prophase_s <= end and start <= event.end_s + GRACE_S
