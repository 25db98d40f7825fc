"""One cell: a run, a fault, what became of it, the repair, and the way on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.bench.faults_data import Cell, Mark, When, mark
from agent.bench.faults_rig import PACE, ROUND_S, Rig
from agent.bench.faults_runner import HangsError, Runner, until
from agent.bench.faults_told import told

if TYPE_CHECKING:
    from collections.abc import Callable

LIGHT_S = 2.0
IDLE = (ROUND_S + 6.0, 2 * ROUND_S - 6.0)  # nothing is due then
ACQUIRING_S, REACTING_S = 2 * ROUND_S - 0.1, 2 * ROUND_S + 5.9
FOR_GOOD = 1e9
ENDED = {0: "complete", 1: "failed", 2: "refused", 3: "held", 130: "stopped"}


def window(when: When) -> tuple[float, float]:
    """Simulated seconds in which a fault is there."""
    match when:
        case When.IDLE:
            return IDLE
        case When.ACQUIRING:
            return ACQUIRING_S, FOR_GOOD
        case When.REACTING:
            return REACTING_S, FOR_GOOD
        case _:
            return 0.0, FOR_GOOD


@dataclass(slots=True)
class Struck:
    """A run with its fault, as it stands when the run has ended (or holds)."""

    code: int
    pid: int
    paused: bool = False
    news: list[dict[str, Any]] = field(default_factory=list)
    before: int = 0  # what the journal had to complain of, before the fault


@dataclass(frozen=True, slots=True)
class Outside:
    """What the bench does to a run from outside.

    Attributes
    ----------
    act : at the moment of the fault. `undo`: at its end, in a run that is idle.
    before : ahead of a resume, in place of `act`.
    calmly : when resuming, not at once but in the first pause.
    options : for the runner that gets the fault.
    """

    act: Callable[[Rig, Runner], None] | None = None
    undo: Callable[[Rig, Runner], None] | None = None
    before: Callable[[Rig], None] | None = None
    calmly: bool = False
    options: dict[str, Any] = field(default_factory=dict)


NOTHING = Outside()


def run_with_fault(
    rig: Rig,
    when: When,
    faults: Callable[[float, float], list[dict[str, Any]]] = lambda *_: [],
    outside: Outside = NOTHING,
) -> Struck:
    """Until the run ends or pauses. `faults` are in the simulator, `outside` is not."""
    since_s, until_s = window(when)
    act, options, before = outside.act, outside.options, 0
    if when is When.RESUMING:
        first = rig.start()
        until(lambda: rig.one("SELECT max(started_s) FROM visits", -1) >= ROUND_S, "two rounds")
        first.order("stop", why="for the bench")
        first.ends()
        before = _complaints(rig)
        rig.repair(faults(since_s, until_s))
        if outside.before is not None:
            outside.before(rig)
            act = None
        runner = rig.resume(pace=PACE, **options)
        since_s = IDLE[0] if outside.calmly else 0.0
        until(lambda: runner.heard(state="running") or not runner.alive, "running")
    else:
        runner = rig.start(faults(since_s, until_s), **options)
    if when is When.REACTING:
        _burst(rig, runner)
    if act is not None:
        time_s = _Time(rig, runner)
        until(lambda: time_s() >= since_s or not runner.alive, "the moment of the fault")
        act(rig, runner)
        if when is When.IDLE and outside.undo is not None:
            until(lambda: time_s() >= until_s or not runner.alive, "the end of the fault")
            outside.undo(rig, runner)
    until(lambda: not runner.alive or _paused(rig), "the end of the run")
    if not runner.alive:
        return Struck(runner.ends(), runner.pid, news=runner.news, before=before)
    time.sleep(0.5)  # what is still on its way
    runner.order("stop", why="paused by a guard; for the bench")
    return Struck(runner.ends(), runner.pid, paused=True, news=runner.news, before=before)


def _burst(rig: Rig, runner: Runner) -> None:
    until(lambda: runner.heard(state="running") or not runner.alive, "running")
    if not runner.alive:
        raise HangsError(f"it did not begin: {runner.news}")
    for fov in ("p0", "p1"):
        rig.send(command="burst", fov=fov)
    runner.order("poke")


class _Time:
    """Run time, from the latest visit's start on at the run's pace."""

    def __init__(self, rig: Rig, runner: Runner) -> None:
        self._rig, self._runner = rig, runner
        self._latest_s, self._seen = -1.0, 0.0

    def __call__(self) -> float:
        latest_s = float(self._rig.one("SELECT max(started_s) FROM visits", -1.0))
        now = time.monotonic()
        if latest_s != self._latest_s or not self._runner.heard(state="running"):
            self._latest_s, self._seen = latest_s, now
        return latest_s if latest_s < 0 else latest_s + (now - self._seen) * PACE


def measure(
    cell: Cell,
    rig: Rig,
    struck: Struck,
    word: str,
    *,
    quiet: bool = False,
    mend: Callable[[Rig], None] = Rig.repair,
) -> Cell:
    """Fill the cell. `quiet`: the fault need not be noticed at all."""
    said = told(rig, struck.news, struck.code, struck.pid)
    texts = f"{rig.texts()} {' '.join(f'{t.title} {t.text}' for t in said)}".lower()
    outcome = str(rig.one("SELECT value FROM run WHERE key='outcome'", ""))
    cell.became = "paused" if struck.paused else ENDED.get(struck.code, f"signal {-struck.code}")
    _frames(cell, rig)
    end_s = time.monotonic() + LIGHT_S
    while rig.light_s()[1] and time.monotonic() < end_s:
        time.sleep(0.02)
    longest, lit = rig.light_s()
    cell.light_s = round(longest, 2)
    cell.light = mark(not lit and longest <= LIGHT_S)
    if _harmed(rig, struck):
        cell.message = mark(bool(said))
        cell.truth = mark((quiet or _named(word, texts)) and _consistent(struck, outcome))
    else:
        cell.truth = mark(_consistent(struck, outcome) and (quiet or _named(word, texts)))
        cell.note = cell.note or ("without effect" if quiet else "")
    _recover(cell, rig, struck, mend)
    return cell


def _recover(cell: Cell, rig: Rig, struck: Struck, mend: Callable[[Rig], None]) -> None:
    if struck.code == 0:
        cell.recovery = Mark.YES
    else:
        mend(rig)
        code, news = resumed(rig)
        cell.recovery = mark(code == 0)
        if code != 0:
            text = "; ".join(str(n.get("text", "")) for n in news if n.get("text"))
            cell.note += f" resume ended with {ENDED.get(code, code)}: {text[:200]}"
        _frames(cell, rig)
    account = rig.account()
    cell.account = mark(account.balances and account.open == 0)
    _, lit = rig.light_s()
    if lit:
        cell.light = Mark.NO


def resumed(rig: Rig) -> tuple[int, list[dict[str, Any]]]:
    """Go on to the end, as a person would: differences accepted, a pause taken back."""
    news: list[dict[str, Any]] = []
    accepted: tuple[str, ...] = ()
    for _ in range(3):
        if _paused(rig):
            rig.send(command="resume")
        runner = rig.resume(accepted=accepted)
        code = runner.ends()
        news += runner.news
        if code != 3:
            return code, news
        accepted = tuple(
            str(d) for n in runner.news if n.get("news") == "held" for d in n["differences"]
        )
    return code, news


def _named(words: str, texts: str) -> bool:
    """Whether what should be said was said; where there is nothing to say, it was."""
    return any(word in texts for word in words.split("|"))


def _frames(cell: Cell, rig: Rig) -> None:
    if cell.frames is Mark.NO:
        return
    n, wrong = rig.frames_wrong() if rig.journal.exists() else (0, 0)
    cell.frames = mark(wrong == 0)
    if wrong:
        cell.note += f" {wrong} of {n} frames not as they were given"


def _complaints(rig: Rig) -> int:
    """Errors, and visits that are not whole."""
    errors = int(rig.one("SELECT count(*) FROM errors", 0))
    holes = rig.one("SELECT count(*) FROM visits WHERE state IN ('dropped', 'skipped')", 0)
    return errors + int(holes)


def _harmed(rig: Rig, struck: Struck) -> bool:
    """Anything at all was noticed."""
    complaints = _complaints(rig) - struck.before
    trouble = any(n.get("news") in ("trouble", "warning") for n in struck.news)
    return bool(complaints or trouble or struck.paused or struck.code not in (0, 130))


def _consistent(struck: Struck, outcome: str) -> bool:
    """Exit code and journal say the same; a run that was killed says that it was running."""
    if struck.code < 0:  # killed; perhaps after it had said how it ended
        return outcome != "complete"
    wanted = {0: "complete", 1: "failed", 130: "stopped"}.get(struck.code)
    return wanted is None or outcome == wanted or (struck.code == 1 and outcome != "complete")


def _paused(rig: Rig) -> bool:
    return bool(rig.one("SELECT count(*) FROM locks WHERE kind='pause'", 0))
