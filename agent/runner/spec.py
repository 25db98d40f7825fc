"""What a runner is told at its start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat


class SimulatedSpec(BaseModel):
    """A simulated microscope.

    `pace`: simulated seconds in a real one; None for as fast as the computer can. `lamp`: HOST:PORT
    of a lamp in a process of its own (`sim.lamp`), switched with the shutter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str | None = None
    seed: int | None = None
    pace: Annotated[FiniteFloat, Field(gt=0)] | None = None
    lamp: str | None = None


class RunnerSpec(BaseModel):
    """One run, to be begun or to be resumed.

    Attributes
    ----------
    run : its directory; made by a start, there for a resume.
    plan : YAML file (start).
    microscope : shipped name or file (start).
    simulated : None on a real microscope.
    attended : whether somebody is there.
    compare : resume no further than to say how the instrument differs from the journal.
    accepted : differences that a person has seen; others hold the run again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["start", "resume"]
    run: Path
    plan: Path | None = None
    microscope: str = "demo"
    simulated: SimulatedSpec | None = None
    attended: bool = False
    compare: bool = False
    accepted: tuple[str, ...] = ()
