"""What rehearse, run, replay and resume have in common: conduct a session, then sum it up."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from agent.check import errors
from agent.commands.interrupt import EXIT_INTERRUPTED, stoppable
from agent.dump import dump_model, dump_plan
from agent.finding import ConfigError, Level
from agent.journal.states import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.finding import Finding
    from agent.load import LoadedMicroscope, LoadedPlan
    from agent.scope import Scope
    from agent.session import Ending, Session
    from sim.score import Score

EXIT = {Outcome.COMPLETE: 0, Outcome.STOPPED: EXIT_INTERRUPTED, Outcome.FAILED: 1}


@dataclass(frozen=True, slots=True)
class Conducted:
    """A session that has ended."""

    ending: Ending
    summary: dict[str, Any]
    exit_code: int


def refuse_on_errors(findings: Sequence[Finding]) -> None:
    """Warnings go to stderr; errors are raised together, before anything is opened or written."""
    found = errors(findings)
    if found:
        raise ConfigError(found)
    for finding in findings:
        if finding.level is Level.WARNING:
            print(f"warning: {finding}", file=sys.stderr)


def identity(loaded: LoadedPlan, microscope: LoadedMicroscope, scope: Scope) -> dict[str, str]:
    """Run keys that say what this run is; a resume reads them back."""
    return {
        "name": loaded.path.stem,
        "plan": dump_plan(loaded.plan),
        "microscope": dump_model(microscope.config),
        "microscope_file": str(microscope.path.resolve()),
        "started_utc": scope.clock.utc().isoformat(),
        "version": version("microscout"),
    }


def conduct(
    session: Session,
    *,
    score: Callable[[Session], Score] | None = None,
    as_json: bool,
) -> Conducted:
    """Run a session that has begun or resumed; write summary and report; close it."""
    from agent.report import build_report
    from agent.summary import summarise

    started = time.perf_counter()
    with stoppable(session):
        ending = session.run()
    wall_s = time.perf_counter() - started
    summary = summarise(
        session,
        ending,
        wall_s=wall_s,
        report=session.run_dir.report,
        score=score(session) if score else None,
    )
    session.journal.records.set(summary=json.dumps(summary))
    session.close()
    (session.run_dir.path / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    build_report(session.run_dir.path)
    say(summary, ending, as_json=as_json)
    return Conducted(ending, summary, EXIT.get(ending.outcome, 1))


def say(summary: dict[str, Any], ending: Ending, *, as_json: bool) -> None:
    """The summary for people, or the JSON object as the last line."""
    if as_json:
        print(json.dumps(summary), flush=True)
        return
    from rich.console import Console
    from rich.table import Table

    console = Console()
    visits, dose, events = summary["visits"], summary["dose"], summary["events"]
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("outcome", f"{summary['outcome']}" + (f": {ending.why}" if ending.why else ""))
    speed = summary["simulated_s"] / max(summary["wall_s"], 1e-9)
    table.add_row(
        "time",
        f"{summary['simulated_s'] / 3600:.2f} h of run time in {summary['wall_s']:.1f} s "
        f"({speed:.0f}x)",
    )
    table.add_row(
        "visits",
        f"{visits['expected']} expected = {visits['delivered']} delivered + "
        f"{visits['skipped']} skipped + {visits['dropped']} dropped; {visits['late']} late",
    )
    if events is not None:
        table.add_row(
            "truth",
            f"{events['captured']} of {events['total']} mitoses captured; "
            f"{events['false_reactions']} false reactions",
        )
    if dose["max_fov_j_cm2"] is not None:
        share = dose["total_j_cm2"] / dose["fixed_plan_j_cm2"] if dose["fixed_plan_j_cm2"] else 0
        table.add_row(
            "light",
            f"{dose['max_fov_j_cm2']:.3f} J/cm2 in the busiest field; {share:.0%} of imaging "
            "every field at the reaction rate",
        )
    else:
        table.add_row("light", f"{dose['total_exposure_s']:.1f} s of exposure (not calibrated)")
    table.add_row("report", summary["report"])
    console.print(table, soft_wrap=True)
