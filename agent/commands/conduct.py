"""What rehearse, run, replay and resume have in common: conduct a session, then sum it up."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from typing import TYPE_CHECKING, Any

from agent.commands.interrupt import EXIT_INTERRUPTED, Interrupted, stoppable
from agent.finding import one_line
from agent.journal.states import Outcome
from hardware.fault import InstrumentFault
from hardware.store import StoreError
from policies.judge import JudgeUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from agent.session import Ending, Session
    from sim.score import Score

FAILURES = (StoreError, InstrumentFault, JudgeUnavailable, sqlite3.Error, OSError)
EXIT = {Outcome.COMPLETE: 0, Outcome.STOPPED: EXIT_INTERRUPTED, Outcome.FAILED: 1}


class RunBroken(Exception):
    """A run that had begun could not be brought to its end in order; one line."""


def conduct(
    session: Session,
    undo: ExitStack,
    *,
    score: Callable[[Session], Score] | None = None,
    as_json: bool,
) -> int:
    """Run a session that has begun or resumed, write summary and report, close it: exit code.

    What fails before the first light is raised as it is, and `undo` makes it undone. After that
    the run stays, whatever happens, and what is expected to fail now and then is RunBroken.
    """
    started = time.perf_counter()
    with stoppable(session):
        ending = _run(session, undo)
    wall_s = time.perf_counter() - started
    try:
        summary = _sum_up(session, ending, wall_s, score)
    except FAILURES as error:
        raise _broken(session, error, ending.why) from error
    finally:
        end(session)
    _write_report(session.run_dir.path)
    if as_json:
        print(json.dumps(summary), flush=True)
    else:
        say(rows(summary, simulated=session.clock.simulated))
    return EXIT.get(ending.outcome, 1)


def _run(session: Session, undo: ExitStack) -> Ending:
    before = session.ledger.total().exposures
    try:
        ending = session.run()
    except BaseException as error:
        if session.ledger.total().exposures == before:
            raise
        undo.pop_all()  # there are images: from here on nothing is undone
        end(session)
        if isinstance(error, FAILURES):
            raise _broken(session, error) from error
        raise
    if isinstance(ending.error, FAILURES) and session.ledger.total().exposures == before:
        raise ending.error
    undo.pop_all()
    return ending


def end(session: Session) -> None:
    """Light off, everything closed."""
    from agent.commands.start import let_go

    let_go(session)
    session.scope.shutdown()


def _broken(session: Session, error: BaseException, why: str = "") -> RunBroken:
    """`why` the run ended, where that is known: the error may only be what followed from it."""
    run, said = session.run_dir.path, one_line(str(error)).rstrip(".")
    if why and not why.startswith(said):
        said = why.rstrip(".") if said in why else f"{why.rstrip('.')}; {said}"
    return RunBroken(
        f"{run}: {said}. What was stored is kept; put it right, then: microscout resume {run}"
    )


def _sum_up(
    session: Session, ending: Ending, wall_s: float, score: Callable[[Session], Score] | None
) -> dict[str, Any]:
    from agent.summary import summarise

    summary = summarise(
        session,
        ending,
        wall_s=wall_s,
        report=session.run_dir.report,
        score=score(session) if score else None,
    )
    text = json.dumps(summary, indent=2)
    session.journal.records.set(summary=json.dumps(summary))
    (session.run_dir.path / "summary.json").write_text(text + "\n", encoding="utf-8")
    return summary


def _write_report(run: Path) -> None:
    """The report is made from the journal: when it fails, the run is none the worse."""
    from agent.report import ReportError, build_report

    try:
        build_report(run)
    except (ReportError, OSError, Interrupted) as error:
        why = one_line(str(error)) or "interrupted"
        print(f"no report: {why}; later: microscout report {run}", file=sys.stderr)


def say(lines: list[tuple[str, str]]) -> None:
    """Names and texts as a table."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, text in lines:
        table.add_row(name, text)
    console.print(table, soft_wrap=True)


def rows(summary: dict[str, Any], *, simulated: bool) -> list[tuple[str, str]]:
    """The summary in words."""
    why = summary["why"]
    visits, dose, events = summary["visits"], summary["dose"], summary["events"]
    time_s, wall_s = summary["simulated_s"], summary["wall_s"]
    took = f"{time_s / 3600:.2f} h" if time_s >= 360 else f"{time_s:.0f} s"
    if simulated:
        took += f" of simulated time in {wall_s:.1f} s ({time_s / max(wall_s, 1e-9):.0f}x)"
    open_ = visits["expected"] - visits["delivered"] - visits["skipped"] - visits["dropped"]
    found = [
        ("outcome", f"{summary['outcome']}" + (f": {why}" if why else "")),
        ("time", took),
        (
            "visits",
            f"{visits['expected']} expected = {visits['delivered']} delivered + "
            f"{visits['skipped']} skipped + {visits['dropped']} dropped"
            + (f" + {open_} not made" if open_ else "")
            + f"; {visits['late']} late",
        ),
    ]
    if events is not None:
        found.append(
            (
                "truth",
                f"{events['captured']} of {events['total']} mitoses captured; "
                f"{events['false_reactions']} false reactions",
            )
        )
    if dose["max_fov_j_cm2"] is not None:
        light = f"{dose['max_fov_j_cm2']:.3f} J/cm2 in the busiest field"
        if dose["fixed_plan_j_cm2"]:
            share = dose["total_j_cm2"] / dose["fixed_plan_j_cm2"]
            light += f"; {share:.0%} of imaging every field at the reaction rate"
    else:
        light = f"{dose['total_exposure_s']:.1f} s of exposure (not calibrated)"
    return [*found, ("light", light), ("report", summary["report"])]
