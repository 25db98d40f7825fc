"""Whole runs, small and quick: real journal, real store, real graph, simulated or demo devices."""

from __future__ import annotations

import contextlib
import functools
import json
import sqlite3
import threading
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

from agent.journal.journal import FILE_NAME
from agent.load import load_microscope
from agent.plan import Plan
from agent.progress import Quiet
from agent.rundir import RunDir
from agent.scope import RealScope
from agent.session import NOT_LIVE, Session
from hardware.data import Frame, FrameKey, FrameMeta
from hardware.mmconfig import find
from hardware.store import ImageReader
from policies.action import Decision
from policies.fixed import FixedPolicy
from policies.verdict import Focus, FocusState, SeenObject, Verdict
from sim.load import load_scenario
from sim.scenario import Scenario
from sim.scope import open_scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.progress import Progress
    from agent.scope import Scope
    from agent.session import Ending, Live
    from hardware.data import MicroscopeConfig
    from policies.policy import Memory, Situation

ENDS_WITHIN_S = 60.0  # real seconds; no run here takes more than a few
MITOSIS = "mitosis"


# ---------------------------------------------------------------------- what is run


@functools.cache
def demo() -> MicroscopeConfig:
    """The shipped demo microscope."""
    return load_microscope("demo").config


def scenario(name: str = "empty", *, side: int = 64, **changes: Any) -> Scenario:
    """A shipped scenario with a camera of `side` pixels."""
    content = load_scenario(name).model_dump()
    content["camera"] |= {"height": side, "width": side}
    return Scenario.model_validate(content | changes)


def plan(
    *,
    fields: int = 2,
    rounds: int = 3,
    interval_s: float = 60.0,
    channels: Sequence[str] = ("DAPI", "FITC"),
    latency_s: float = 0.2,
    deadline_s: float = 30.0,
    policy: dict[str, Any] | None = None,
    **sections: Any,
) -> Plan:
    """A plan of `fields` places 300 um apart. `sections` replace whole sections of it."""
    return Plan.model_validate(
        {
            "goal": "test",
            "baseline": {
                "axis_order": "tpcz",
                "stage_positions": [
                    {"name": f"p{i}", "x": 300.0 * i, "y": 0.0, "z": 0.0} for i in range(fields)
                ],
                "channels": [
                    {"group": "Channel", "config": name, "exposure": 10} for name in channels
                ],
                "time_plan": {"interval": interval_s, "loops": rounds},
            },
            "judge": {"kind": "none", "latency_s": latency_s, "deadline_s": deadline_s},
            "decide": policy or {"policy": "fixed"},
            **sections,
        }
    )


EAGER: dict[str, Any] = {  # reacts to anything, and is soon over it
    "policy": "watch",
    "target": MITOSIS,
    "confirm": [1, 1],
    "release": [1, 1],
    "confirm_after_s": 5,
    "min_dwell_s": 0,
    "rearm_after_s": 10,
    "max_concurrent": 2,
}
QUICK_BURST = {"interval_s": 10, "duration_s": 60}


# ---------------------------------------------------------------------- who looks


def verdict(
    visit_id: int, fov: str, p: float | None = 0.0, focus: FocusState = FocusState.IN
) -> Verdict:
    """A verdict on a visit; `p` None is one without a probability."""
    return Verdict(
        visit_id=visit_id,
        fov=fov,
        judge="test",
        target=MITOSIS,
        focus=Focus(state=focus, score=1.0),
        p_target=p,
    )


class Judge:
    """Answers with what `answer` makes of the frames."""

    name = "test"

    def __init__(self, answer: Callable[[Sequence[Frame]], Any]) -> None:
        self._answer = answer
        self.asked: list[int] = []

    def judge(self, frames: Sequence[Frame], *, target: str) -> Any:
        self.asked.append(frames[0].visit_id)
        return self._answer(frames)


def always(p: float) -> Judge:
    """The same probability for every visit."""
    return Judge(lambda frames: verdict(frames[0].visit_id, frames[0].key.fov, p))


def moody(frames: Sequence[Frame]) -> Verdict:
    """Anything between yes and no, in or out of focus: always the same for the same visit.

    It remarks on what the pixels are, so that other pixels give another verdict.
    """
    digest = 0
    for frame in frames:
        digest = zlib.crc32(frame.pixels.tobytes(), digest)
    visit_id = frames[0].visit_id
    mood = zlib.crc32(b"%d" % (visit_id * 7))
    focus = FocusState.OUT if mood % 4 == 0 else FocusState.IN
    given = verdict(visit_id, frames[0].key.fov, (mood % 1000) / 1000, focus)
    place = frames[0].meta
    seen = SeenObject(x_um=place.x_um + mood % 25 - 12, y_um=0, area_um2=9, label="cell", score=0.9)
    said = {"objects": (seen,), "count": mood % 30, "confluence": (mood % 10) / 10}
    return given.model_copy(update={"rationale": f"{digest:08x}", **said})


class Scripted(FixedPolicy):
    """Wants what the script says, at its n-th decision."""

    def __init__(self, script: Callable[[int, Verdict], Decision]) -> None:
        self._script = script

    def decide(
        self, memory: Memory, verdict: Verdict, situation: Situation
    ) -> tuple[Memory, Decision]:
        n = int(str(memory.get("n", 0)))
        return {"n": n + 1}, self._script(n, verdict)


def scripted(script: Callable[[int, Verdict], Decision]) -> Any:
    """Sessions made inside have this policy."""
    return mock.patch("agent.session.policy", lambda _: Scripted(script))


def wants(verdict: Verdict, *actions: Any) -> Decision:
    """A decision on the verdict's visit."""
    return Decision(
        visit_id=verdict.visit_id,
        policy="scripted",
        actions=actions,
        reason="because",
        cites=(verdict.visit_id,),
    )


def frame_of(visit: int, index: int, fov: str, t: int, pixels: Any = None) -> Frame:
    """A frame of channel `index`, for the journal, which looks at neither pixels nor event."""
    meta = FrameMeta(0.0, "", 0.0, 0.0, 0.0, 10.0, "DAPI", "20X", 0.5)
    return Frame(visit, index, FrameKey(fov, t, index, 0), pixels, cast("Any", None), meta)


# ---------------------------------------------------------------------- a run


@contextlib.contextmanager
def opened(
    path: Path,
    plan_: Plan,
    *,
    judge: Judge | None = None,
    scope: Scope | None = None,
    world: Scenario | None = None,
    progress: Progress | None = None,
    durable: bool = False,
    live: Live = NOT_LIVE,
) -> Iterator[Session]:
    """A session in `path`, neither begun nor resumed; closed at the end. Without `scope`: the
    simulated one."""
    config = demo()
    path.mkdir(exist_ok=True)
    used = scope or open_scope(config, world or scenario(), 1)
    patched = (
        mock.patch("agent.session.make_judge", lambda *_, **__: judge)
        if judge
        else contextlib.nullcontext()
    )
    with patched:
        session = Session(
            RunDir(path), plan_, config, used, progress or Quiet(), durable=durable, live=live
        )
        try:
            yield session
        finally:
            session.close()


def real_scope() -> RealScope:
    """Micro-Manager's demo devices on the real clock."""
    return RealScope(find(demo().mm_config, beside=None))


def ends(session: Session) -> Ending:
    """Run it; fails instead of hanging when it does not end. The light is off afterwards."""
    got: list[Any] = []

    def go() -> None:
        try:
            got.append(session.run())
        except BaseException as error:
            got.append(error)

    thread = threading.Thread(target=go, name="test run", daemon=True)
    thread.start()
    thread.join(ENDS_WITHIN_S)
    assert not thread.is_alive(), "the run does not end"
    if isinstance(got[0], BaseException):
        raise got[0]
    assert open_shutters(session) == ()
    ending: Ending = got[0]
    return ending


def whole(path: Path, plan_: Plan, **how: Any) -> Ending:
    """A run from its start to its end."""
    with opened(path, plan_, **how) as session:
        session.begin()
        return ends(session)


def resumed(path: Path, plan_: Plan, **how: Any) -> Ending:
    """An interrupted run, from where it was to its end."""
    with opened(path, plan_, **how) as session:
        session.resume()
        return ends(session)


def open_shutters(session: Session) -> tuple[str, ...]:
    """Shutters through which light falls."""
    return session.microscope.read().open_shutters


# ---------------------------------------------------------------------- what it left


def rows(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of a run's journal."""
    with contextlib.closing(sqlite3.connect(path / FILE_NAME)) as db:
        return db.execute(sql, values).fetchall()


def one(path: Path, sql: str, *values: Any) -> Any:
    """The one value that a query gives."""
    ((value,),) = rows(path, sql, *values)
    return value


RECORD = {
    "visits": "SELECT id, fov, kind, round, burst, cause, due_s, state, why, t_index, started_s,"
    " finished_s, late FROM visits ORDER BY id",
    "frames": "SELECT visit, idx, fov, t, c, z, channel, time_s, utc, exposure_ms, x_um, y_um"
    " FROM frames ORDER BY visit, idx",
    "verdicts": "SELECT visit, state, ready_s, verdict FROM verdicts ORDER BY visit",
    "decisions": "SELECT visit, time_s, policy, reason, decision, applied, situation"
    " FROM decisions ORDER BY visit",
    "bursts": "SELECT id, fov, cause, start_s, until_s, ended_s, why_ended FROM bursts ORDER BY id",
    "focus": "SELECT visit, fov, time_s, ok, z_um, why, curve FROM focus ORDER BY visit, time_s",
}


def record(path: Path) -> dict[str, Any]:
    """What a run did, to hold against another run of the same plan; pixels as checksums.

    Seconds and um to six decimals: a sweep that is taken up again starts where focus is expected
    now, which may be a rounding error off.
    """
    found: dict[str, Any] = {name: _rounded(rows(path, sql)) for name, sql in RECORD.items()}
    found["pixels"] = checksums(path)
    found["memory"] = memory(path)
    return found


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, list | tuple):
        return type(value)(_rounded(item) for item in value)
    if isinstance(value, str) and value.startswith("[["):  # the curve of a sweep
        return _rounded(json.loads(value))
    return value


def checksums(path: Path) -> dict[tuple[str, int, int, int], int]:
    """A checksum of every frame in the journal, read from the store."""
    reader = ImageReader(path)
    keys = rows(path, "SELECT fov, t, c, z FROM frames ORDER BY fov, t, c, z")
    return {key: zlib.crc32(reader.read(FrameKey(*key)).tobytes()) for key in keys}


def memory(path: Path) -> Any:
    """What the policy remembers in the run's checkpoint."""
    return checkpoint(path).get("memory")


def checkpoint(path: Path) -> dict[str, Any]:
    """The values of the run's only checkpoint; empty before the first lap."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    names = {name for (name,) in rows(path, "SELECT name FROM sqlite_master")}
    if "checkpoints" not in names:
        return {}
    found = rows(path, "SELECT type, checkpoint FROM checkpoints")
    assert len(found) <= 1, "more than one checkpoint is kept"
    if not found:
        return {}
    values: dict[str, Any] = JsonPlusSerializer().loads_typed(found[0])["channel_values"]
    return values


def assert_sound(path: Path, plan_: Plan, *, kills: int = 0) -> None:
    """What must be true of every run, however it ended.

    Each time that it was killed, one exposure may be in the ledger whose frame was taken again.
    """
    assert rows(path, "SELECT 1 FROM frames GROUP BY fov, t, c, z HAVING count(*)>1") == []
    assert len(checksums(path)) == one(path, "SELECT count(*) FROM frames")
    holes = rows(
        path,
        "SELECT fov, count(*), count(DISTINCT t_index), max(t_index) FROM visits"
        " WHERE t_index IS NOT NULL GROUP BY fov",
    )
    assert [h for h in holes if not h[1] == h[2] == h[3] + 1] == [], "time axis with holes"
    strangers = rows(path, "SELECT visit FROM frames WHERE visit NOT IN (SELECT id FROM visits)")
    assert strangers == []
    doubly = rows(
        path,
        "SELECT visit, idx FROM exposures WHERE purpose='visit' GROUP BY visit, idx"
        " HAVING count(*)>1",
    )
    assert len(doubly) <= kills, "a frame was exposed twice"
    limits = demo().channels
    for channel, exposure_ms in rows(
        path, "SELECT channel, max(exposure_ms) FROM exposures GROUP BY 1"
    ):
        assert 0 < exposure_ms <= limits[channel].max_exposure_ms
    stage = demo().stage
    for axis, (low, high) in (("x", stage.x_um), ("y", stage.y_um), ("z", stage.z_um)):
        lowest, highest = rows(path, f"SELECT min({axis}_um), max({axis}_um) FROM exposures")[0]
        assert lowest is None or low <= lowest <= highest <= high
    budget = plan_.budget
    for most, light in (
        (budget.exposure_per_fov_s, "exposure_ms/1000.0"),
        (budget.dose_per_fov_j_cm2, "exposure_ms/1000.0*irradiance_w_cm2"),
    ):
        spent = rows(path, f"SELECT fov, sum({light}) FROM exposures GROUP BY fov")
        assert [s for s in spent if most is not None and s[1] > most * (1 + 1e-9)] == []
    for visit, decision in rows(path, "SELECT visit, decision FROM decisions"):
        assert f'"visit_id":{visit}' in decision
        assert f'"cites":[{visit}' in decision, "a decision that does not cite its visit"
    uncaused = rows(
        path,
        "SELECT id FROM visits WHERE kind != 'baseline' AND (cause IS NULL"
        " OR cause NOT IN (SELECT visit FROM decisions))",
    )
    assert uncaused == [], "a visit that nobody asked for"
