"""A journal of a made-up night, written straight into the schema's tables, and its pictures."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.journal.schema import DDL

NASTY = "<script>alert('x')</script> $a_{b$ \x07"
PIXEL_UM = 0.5
EDGE = 128
PLAN = """\
goal: Film mitoses in nine fields overnight with as little light as possible.
baseline:
  axis_order: tpcz
  stage_positions: [{name: A1, x: 0, y: 0, z: 0}]
  channels: [{group: Channel, config: DAPI, exposure: 20}]
  time_plan: {interval: 360, duration: 21600}
decide: {policy: watch, target: mitosis, enter: 0.6, leave: 0.4}
reaction: {interval_s: 60, duration_s: 2400}
budget: {dose_per_fov_j_cm2: 0.6, exposure_per_fov_s: 100}
"""
MICROSCOPE = "name: demo\nmm_config: MMConfig_demo.cfg\n"


@dataclass
class Case:
    """What the run is like."""

    fields: int = 9
    hours: float = 6.0
    bursts: int = 5
    outcome: str | None = "complete"
    kind: str = "rehearse"
    calibrated: bool = True
    summary: bool = True
    goal: str = ""
    names: tuple[str, ...] = ()


class Night:
    """Writes the rows of a run; ids count up as in the journal."""

    def __init__(self, run_dir: Path, case: Case) -> None:
        run_dir.mkdir(parents=True, exist_ok=True)
        self.case = case
        self.db = sqlite3.connect(run_dir / "journal.sqlite")
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.executescript(DDL)
        self.names = case.names or tuple(
            f"{'ABCDEFGH'[i // 3]}{i % 3 + 1}" for i in range(case.fields)
        )
        self.t_index = dict.fromkeys(self.names, 0)
        self.next_visit = 1
        self.random = np.random.default_rng(7)

    def insert(self, table: str, **values: object) -> int:
        marks = ",".join("?" * len(values))
        sql = f"INSERT INTO {table} ({','.join(values)}) VALUES ({marks})"
        return self.db.execute(sql, tuple(values.values())).lastrowid or 0

    def place(self, fov: str) -> tuple[float, float]:
        i = self.names.index(fov)
        return 600.0 * (i % 3), 600.0 * (i // 3)

    def visit(self, fov: str, kind: str, time_s: float, *, p: float = 0.05,
              state: str = "delivered", why: str = "", burst: int | None = None,
              cause: int | None = None, verdict: str = "given", late: int = 0) -> int:  # fmt: skip
        visit, self.next_visit = self.next_visit, self.next_visit + 1
        made = state in {"delivered", "dropped"}
        t = self.t_index[fov] if made else None
        self.insert(
            "visits", id=visit, fov=fov, kind=kind, priority=1, due_s=time_s,
            burst=burst, cause=cause, state=state, why=why, frames_expected=2, t_index=t,
            started_s=time_s if made else None, finished_s=time_s + 1 if made else None, late=late,
        )  # fmt: skip
        if not made or t is None:
            return visit
        self.t_index[fov] += 1
        x, y = self.place(fov)
        for c, channel in enumerate(("DAPI", "FITC")[: 2 if state == "delivered" else 1]):
            self.insert(
                "frames", visit=visit, idx=c, fov=fov, t=t, c=c, z=0, channel=channel,
                time_s=time_s + 0.1 * c, utc="", x_um=x, y_um=y, z_um=0.0, exposure_ms=20.0,
                objective="20X", pixel_size_um=PIXEL_UM,
            )  # fmt: skip
            self.light(visit, fov, time_s, channel, "visit")
        if verdict:
            self.insert(
                "verdicts", visit=visit, state=verdict, ready_s=time_s + 1.2, latency_s=0.2,
                verdict=json.dumps(self.verdict(visit, fov, time_s, p, verdict)),
            )  # fmt: skip
        return visit

    def light(
        self, visit: int, fov: str, time_s: float, channel: str, purpose: str = "visit"
    ) -> None:
        irradiance = {"DAPI": 0.04, "FITC": 0.08}[channel] if self.case.calibrated else None
        self.insert(
            "exposures", visit=visit, idx=0, purpose=purpose, fov=fov, channel=channel,
            exposure_ms=20.0, irradiance_w_cm2=irradiance, time_s=time_s, x_um=0.0, y_um=0.0,
            z_um=0.0, objective="20X", done=1,
        )  # fmt: skip

    def verdict(self, visit: int, fov: str, time_s: float, p: float, state: str) -> dict[str, Any]:
        x, y = self.place(fov)
        objects = [
            {"x_um": x + dx, "y_um": y + dy, "area_um2": 90.0, "score": p if i == 0 else 0.05,
             "label": "mitosis" if i == 0 and p > 0.5 else "nucleus"}
            for i, (dx, dy) in enumerate(nuclei(fov))
        ]  # fmt: skip
        given = state == "given"
        return {
            "visit_id": visit, "fov": fov, "judge": "classical-1", "target": "mitosis",
            "focus": {"state": "in", "score": 40 + float(self.random.normal(0, 2))},
            "objects": objects, "count": 11 + int(time_s / 4000), "confluence": 0.2 + time_s / 1e5,
            "p_target": p if given else None, "abstained": not given,
            "why_abstained": "" if given else "nothing in focus",
            "rationale": f"One bright condensed nucleus {NASTY}" if p > 0.5 else "",
            "flags": [], "latency_s": 0.2,
        }  # fmt: skip

    def decide(self, visit: int, time_s: float, reason: str, actions: list[dict[str, Any]],
               applied: list[str], cites: tuple[int, ...] = ()) -> None:  # fmt: skip
        self.insert(
            "decisions", visit=visit, time_s=time_s, policy="watch", reason=reason,
            decision=json.dumps({"visit_id": visit, "policy": "watch", "reason": reason,
                                 "actions": actions, "cites": [*cites, visit]}),
            applied=json.dumps(applied),
        )  # fmt: skip

    def burst(self, fov: str, time_s: float) -> None:
        suspect = self.visit(fov, "baseline", time_s, p=0.71)
        again = {"action": "revisit", "fov": fov, "delay_s": 20.0}
        why = "mitosis 0.71 once: look again before reacting"
        self.decide(suspect, time_s + 1, why, [again], ["visit in 20 s"])
        sure = self.visit(fov, "revisit", time_s + 20, p=0.88, cause=suspect)
        self.decide(
            sure, time_s + 21, f"mitosis in 2 of the last 3 looks {NASTY}",
            [{"action": "burst", "fov": fov}], ["burst of 40 visits"], (suspect,),
        )  # fmt: skip
        burst = self.insert(
            "bursts", fov=fov, cause=sure, start_s=time_s + 21, until_s=time_s + 2421,
            ended_s=time_s + 1225, why_ended="3 of 4 looks below 0.40",
        )  # fmt: skip
        last = sure
        for i in range(1, 21):
            p = 0.9 if i < 17 else 0.2
            last = self.visit(fov, "reaction", time_s + 21 + 60 * i, p=p, burst=burst, cause=sure)
            if i < 20:
                self.decide(last, time_s + 22 + 60 * i, "the burst goes on", [], [])
        self.decide(last, time_s + 1225, "released: 3 of the last 4 looks below 0.40",
                    [{"action": "end_burst", "fov": fov}], ["20 visits cancelled"])  # fmt: skip
        for i in range(21, 41):
            self.visit(fov, "reaction", time_s + 21 + 60 * i, state="cancelled",
                       why="burst ended", burst=burst, cause=sure)  # fmt: skip


def nuclei(fov: str) -> list[tuple[float, float]]:
    """Offsets of the nuclei from the field's middle, in um."""
    random = np.random.default_rng(sum(map(ord, fov)))
    return [(float(x), float(y)) for x, y in random.uniform(-26, 26, (11, 2))]


def frame(fov: str, t: int, c: int, z: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Blobs where `nuclei` says, with noise; as the store would give it."""
    random = np.random.default_rng((sum(map(ord, fov)) * 1000 + t) * 4 + c)
    rows, columns = np.mgrid[0:EDGE, 0:EDGE]
    image = np.full((EDGE, EDGE), 110.0)
    for i, (x, y) in enumerate(nuclei(fov)):
        column, row = x / PIXEL_UM + EDGE / 2, y / PIXEL_UM + EDGE / 2
        squared = ((columns - column) / (2.0 if i == 0 else 1.0)) ** 2 + (rows - row) ** 2
        image += (1500 if i == 0 else 500) * np.exp(-squared / (18 if i == 0 else 60))
    return random.poisson(image).astype(np.uint16)


def write_night(run_dir: Path, case: Case | None = None) -> Path:
    """A whole run in `run_dir`; returns it."""
    case = case or Case()
    night = Night(run_dir, case)
    for ordinal, fov in enumerate(night.names):
        x, y = night.place(fov)
        night.insert("fovs", name=fov, ordinal=ordinal, x_um=x, y_um=y, z_um=0.0)
    for i in range(int(case.hours * 10) + 1):
        for k, fov in enumerate(night.names):
            _baseline(night, fov, 360.0 * i + 2.0 * k, (i, k))
    for n in range(case.bursts):
        night.burst(night.names[(n * 4) % len(night.names)], 1200.0 + n * 3300.0)
    _troubles(night)
    for key, value in _keys(case).items():
        night.insert("run", key=key, value=value)
    night.db.commit()
    night.db.close()
    return run_dir


def _baseline(night: Night, fov: str, time_s: float, which: tuple[int, int]) -> None:
    if which == (7, 2):
        visit = night.visit(fov, "baseline", time_s, verdict="abstained")
        refocus = [{"action": "refocus", "fov": fov}]
        why = "the judge abstained: focus lost"
        night.decide(visit, time_s + 1, why, refocus, ["focus at its next visit"])
        for step in range(9):
            night.light(visit, fov, time_s + step, "DAPI", "focus")
        for ok, why in ((0, "peak at the edge of the sweep"), (1, "")):
            night.insert("focus", visit=visit, fov=fov, time_s=time_s + ok * 300, ok=ok, z_um=1.5,
                         why=why, curve="[]")  # fmt: skip
    elif which == (9, 1):
        why = f"autofocus failed {NASTY}"
        night.visit(fov, "baseline", time_s, state="skipped", why=why)
    elif which == (11, 1):
        night.visit(fov, "baseline", time_s, state="dropped", why="camera time-out")
    else:
        visit = night.visit(fov, "baseline", time_s, late=int(which == (12, 0)))
        night.decide(visit, time_s + 1, "nothing to react to", [], [])


def _troubles(night: Night) -> None:
    for n in range(3):
        night.insert("refusals", time_s=400.0 + n, visit=1, door="act", rule="exposure",
                     what=f"exposure = {600 + n} ms", bound="500 ms",
                     remedy="lower the exposure in the plan")  # fmt: skip
        night.insert("errors", time_s=500.0 + n, visit=2, place="camera", kind="TimeoutError",
                     message=f"no image after 10 s {NASTY}")  # fmt: skip
    night.insert("notes", time_s=0.0, kind="start", text="started")
    text = "z is 3 um, the journal says 1 um"
    night.insert("notes", time_s=3000.0, kind="difference", text=text)


def _keys(case: Case) -> dict[str, str]:
    keys = {
        "plan": case.goal or PLAN, "microscope": MICROSCOPE, "kind": case.kind,
        "version": "0.1.0", "started_utc": "2026-11-22T19:30:00+00:00",
        "calibrated": str(int(case.calibrated)),
    }  # fmt: skip
    if case.outcome:
        keys |= {"outcome": case.outcome, "ended_s": str(case.hours * 3600)}
    if case.summary:
        truth = {"total": 6, "captured": 5, "recall": 5 / 6, "false_reactions": 0}
        keys["summary"] = json.dumps({
            "events": truth if case.kind == "rehearse" else None,
            "dose": {"fixed_plan_j_cm2": 8.0 if case.calibrated else None},
        })  # fmt: skip
    return keys
