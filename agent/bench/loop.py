"""`microscout bench loop`: the full loop against a bare MDARunner, and what one lap costs.

Both write the same events of Micro-Manager's demo devices to the same kind of store on the same
disk, one after the other, several times; the figure is the ratio within each pair. The full loop
runs gate, dose ledger, store, journal (each commit forced to disk) and graph, without a judge.
"""

from __future__ import annotations

import json as jsonlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.bench.machine import machine
from agent.bench.plans import busy_plan
from agent.expand import baseline_visits, channels, fields
from agent.handoff import FinishedVisit, Handoff
from agent.journal.states import VisitState
from agent.load import load_microscope
from agent.progress import Quiet
from agent.rundir import RunDir
from agent.scope import RealScope
from agent.session import Session
from hardware.data import Frame, FrameKey, FrameMeta, VisitKind
from hardware.mmconfig import find
from hardware.store import ImageLayout, ImageStore

if TYPE_CHECKING:
    import numpy as np
    import useq
    from numpy.typing import NDArray

    from agent.plan import Plan
    from hardware.data import MicroscopeConfig

FIELDS = 6


def bench_loop(visits: int, repeats: int, *, json: bool) -> int:
    """Print the table or the JSON object; exit code 0."""
    microscope = load_microscope("demo")
    config = microscope.config.model_copy(
        update={"stage": microscope.config.stage.model_copy(update={"max_moves_per_s": 100.0})}
    )
    plan = busy_plan(fields=FIELDS, rounds=max(1, visits // FIELDS), interval_s=0.001)
    pairs = []
    for _ in range(repeats):
        bare = _frames_per_s_bare(plan, config)
        pairs.append((_frames_per_s_full(plan, config), bare))
    laps_ms = _laps_ms(plan, config)
    ratios = [full / bare for full, bare in pairs]
    result: dict[str, Any] = {
        "machine": machine(),
        "frames": 2 * FIELDS * max(1, visits // FIELDS),
        "repeats": repeats,
        "full_frames_per_s": round(statistics.median(full for full, _ in pairs), 2),
        "bare_frames_per_s": round(statistics.median(bare for _, bare in pairs), 2),
        "ratio": {
            "median": round(statistics.median(ratios), 3),
            "min": round(min(ratios), 3),
            "max": round(max(ratios), 3),
        },
        "lap_ms": {
            "median": round(statistics.median(laps_ms), 2),
            "p95": round(sorted(laps_ms)[int(0.95 * (len(laps_ms) - 1))], 2),
        },
    }
    if json:
        print(jsonlib.dumps(result))
    else:
        print(jsonlib.dumps(result, indent=2))
    return 0


def _frames_per_s_full(plan: Plan, config: MicroscopeConfig) -> float:
    with tempfile.TemporaryDirectory() as folder:
        scope = RealScope(find(config.mm_config, beside=None))
        session = Session(RunDir(Path(folder)), plan, config, scope, Quiet(), durable=True)
        session.begin()
        session.run()
        row = session.journal.database.row(
            "SELECT count(*), max(time_s) - (SELECT min(started_s) FROM visits) FROM frames"
        )
        session.close()
    if row is None or row[0] != _frame_count(plan):
        raise RuntimeError(f"the full loop delivered {row}, expected {_frame_count(plan)} frames")
    return float(row[0]) / float(row[1])


class _Sink:
    """What the bare runner writes to: the same store, frame by frame."""

    def __init__(self, store: ImageStore, pixel_size_um: float) -> None:
        self.store = store
        self.pixel_size_um = pixel_size_um
        self.frames = 0

    def frameReady(self, image: NDArray[np.uint16], event: useq.MDAEvent, meta: Any) -> None:
        name = event.pos_name or ""
        key = FrameKey(name, event.index["t"], event.index["c"], 0)
        channel = event.channel.config if event.channel else ""
        facts = FrameMeta(0.0, "", 0.0, 0.0, 0.0, 0.0, channel, "", self.pixel_size_um)
        self.store.write(Frame(0, self.frames, key, image, event, facts))
        self.frames += 1


def _frames_per_s_bare(plan: Plan, config: MicroscopeConfig) -> float:
    events = [
        event.model_copy(update={"index": {**event.index, "t": visit.round}, "metadata": {}})
        for visit in baseline_visits(plan)
        for event in visit.events
    ]
    with tempfile.TemporaryDirectory() as folder:
        scope = RealScope(find(config.mm_config, beside=None))
        core = scope.core
        layout = ImageLayout(
            channels=channels(plan),
            n_z=1,
            z_step_um=None,
            height=core.getImageHeight(),
            width=core.getImageWidth(),
            dtype="uint16",
            pixel_size_um=core.getPixelSizeUm(),
            interval_s=None,
        )
        store = ImageStore(Path(folder), layout, sync=True)
        sink = _Sink(store, layout.pixel_size_um)
        core.mda.engine.restore_initial_state = False  # type: ignore[union-attr]  # it has one
        started = time.perf_counter()
        core.mda.run(events, output=sink)
        seconds = time.perf_counter() - started
        store.close()
        scope.shutdown()
    if sink.frames != len(events):
        raise RuntimeError(f"the bare runner delivered {sink.frames} of {len(events)} frames")
    return len(events) / seconds


def _laps_ms(plan: Plan, config: MicroscopeConfig) -> list[float]:
    """Milliseconds per lap of graph and journal alone: visits without pixels, no judge."""
    with tempfile.TemporaryDirectory() as folder:
        scope = RealScope(find(config.mm_config, beside=None))
        session = Session(RunDir(Path(folder)), plan, config, scope, Quiet(), durable=True)
        session.begin()
        handoff = Handoff(simulated=False, latency_s=0.0, capacity=10_000)
        loop = session.loop_only(handoff)
        rows = session.journal.visits.due(float("inf"))
        for row in rows:
            session.journal.visits.finish(row.id, VisitState.DELIVERED, "", 0.0)
            handoff.put(FinishedVisit(row.id, row.fov, VisitKind.BASELINE, 0.0, 0.0, ()))
        laps = []
        for _ in rows:
            started = time.perf_counter()
            loop.lap()
            laps.append((time.perf_counter() - started) * 1000)
        session.close()
    return laps


def _frame_count(plan: Plan) -> int:
    return 2 * len(fields(plan)) * len(baseline_visits(plan)) // len(fields(plan))
