"""What a change costs: time, light and disk of what is left of the run. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.change import words
from agent.estimate import NO_LIGHT, add, estimate, focuses_in, times
from agent.expand import due_times, fields

if TYPE_CHECKING:
    from agent.change.state import RunState
    from agent.plan import Plan
    from hardware.data import Dose, MicroscopeConfig

GB = 1e9
SAME = 1 + 1e-9


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of the baseline under one plan, and one burst. Bursts to come are in no sum.

    Attributes
    ----------
    end_s : run time at which the last round is over; now where none is left.
    rounds, visits, frames : still to be made.
    per_fov, total : their light, scheduled autofocus included.
    disk_bytes : their frames uncompressed, None where nobody knows a frame's size.
    burst_visits, burst : one burst that lasts as long as it may.
    """

    end_s: float
    rounds: int
    visits: int
    frames: int
    per_fov: Dose
    total: Dose
    disk_bytes: int | None
    burst_visits: int
    burst: Dose


@dataclass(frozen=True, slots=True)
class Effect:
    """The same under the old plan and the new one; `spent` is the light of the busiest field."""

    now_s: float
    old: Left
    new: Left
    spent: Dose

    def lines(self) -> list[tuple[str, str, str]]:
        """What differs: (what, before, after), in words with units."""
        a, b = self.old, self.new
        rows = [
            ("end of the run", words.seconds(round(a.end_s)), words.seconds(round(b.end_s))),
            ("rounds left", f"{a.rounds:,}", f"{b.rounds:,}"),
            ("visits left", f"{a.visits:,}", f"{b.visits:,}"),
            (
                "light per field, with what it has",
                dose(add(self.spent, a.per_fov)),
                dose(add(self.spent, b.per_fov)),
            ),
            ("disk still needed", disk(a.disk_bytes), disk(b.disk_bytes)),
            ("visits of a burst", f"{a.burst_visits:,}", f"{b.burst_visits:,}"),
            ("light of a burst", dose(a.burst), dose(b.burst)),
        ]
        return [row for row in rows if row[1] != row[2]]


def left(plan: Plan, config: MicroscopeConfig, state: RunState) -> Left:
    """What is left of a plan that `agent.check` does not refuse."""
    cost = estimate(plan, config, state.home or None, frame_bytes=state.frame_bytes)
    rounds = [(n, due) for n, due in enumerate(due_times(plan)) if due > state.now_s]
    sweeps = sum(focuses_in(plan, number) for number, _ in rounds)
    n_fields = sum(fov.name not in state.left for fov in fields(plan))
    visits = len(rounds) * n_fields
    frames = visits * (cost.frames // cost.visits)
    per_fov = add(times(cost.visit_light, len(rounds)), times(cost.focus_light, sweeps))
    return Left(
        end_s=rounds[-1][1] + cost.round_s if rounds else state.now_s,
        rounds=len(rounds),
        visits=visits,
        frames=frames,
        per_fov=per_fov,
        total=times(per_fov, n_fields),
        disk_bytes=None if state.frame_bytes is None else frames * state.frame_bytes,
        burst_visits=cost.burst.exposures // max(1, cost.reaction_light.exposures)
        if plan.decide.policy == "watch"
        else 0,
        burst=cost.burst if plan.decide.policy == "watch" else NO_LIGHT,
    )


def effect(old: Plan, new: Plan, config: MicroscopeConfig, state: RunState) -> Effect:
    """Compare what is left under both."""
    here = [state.spent.get(fov.name, NO_LIGHT) for fov in fields(new)]
    busiest = max(here, key=lambda d: (d.j_cm2 or 0.0, d.seconds), default=NO_LIGHT)
    return Effect(state.now_s, left(old, config, state), left(new, config, state), busiest)


def dose(light: Dose) -> str:
    """In J/cm2 where it is known, else in seconds of exposure."""
    return f"{light.seconds:.4g} s" if light.j_cm2 is None else f"{light.j_cm2:.4g} J/cm2"


def disk(n: int | None) -> str:
    """``1.2 GB``."""
    return "unknown" if n is None else f"{n / GB:.3g} GB"
