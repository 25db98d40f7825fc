"""`microscout resume`: go on with an interrupted run."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from agent.commands.appointment import spoken
from agent.commands.hold import hold
from agent.finding import config_error, one_line
from agent.journal.states import Outcome
from agent.plan import Plan
from agent.rundir import existing
from hardware.data import MicroscopeConfig
from hardware.mmconfig import find

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.scope import Scope
    from agent.session import Session
    from sim.clock import SimClock
    from sim.score import Score

EXIT_HELD = 3


def resume(path: Path, *, accept: bool, json: bool) -> int:
    """Exit code 0 when the run is complete now, 3 when it is held because of differences."""
    run_dir = existing(path)
    keys = keys_of(run_dir.journal)
    if keys.get("outcome") == Outcome.COMPLETE and "summary" in keys:
        raise config_error(path, "this run is complete", "nothing to resume; see its report")
    plan, config = settings_of(run_dir.journal, keys)

    from agent.commands.conduct import conduct
    from agent.commands.start import in_words, let_go
    from agent.progress import Quiet, make_progress
    from agent.session import Session, end_s
    from agent.watched import claim, dead_man

    title = f"{keys.get('name', path.name)} (resumed)"
    with contextlib.ExitStack() as held, contextlib.ExitStack() as undo:
        held.enter_context(hold(run_dir.path))
        guard = None
        if keys.get("kind") == "run":
            beside = Path(keys["microscope_file"]).parent
            found_at, command = find(config.mm_config, beside=beside), "microscout resume"
            claim(held, found_at, config.name, command, run=True, service=True)
            guard = dead_man(held, config, run_dir.path, beside=beside, said=_warn)
        scope, score = scope_of(run_dir.journal, keys, config)
        undo.callback(scope.shutdown)
        durable = not scope.clock.simulated
        session = Session(run_dir, plan, config, scope, Quiet(), durable=durable, light_guard=guard)
        undo.callback(let_go, session)
        found = in_words(session.resume)
        for difference in found:
            print(f"difference: {difference}", file=sys.stderr)
        if found and not accept and not _asked(len(found)):
            print("held: nothing was moved. Put it right, or resume with --accept", file=sys.stderr)
            return EXIT_HELD
        if scope.clock.now() < 0:
            start = dt.datetime.fromisoformat(keys["started_utc"]).astimezone()
            print(f"waiting until {spoken(start)}, light off", file=sys.stderr)
        view = make_progress(end_s(plan), title, json=json, stream=sys.stderr)
        session.show(held.enter_context(view))  # not before: it would paint over the question
        return conduct(session, undo, score=score, as_json=json)


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)


def keys_of(journal: Path) -> dict[str, str]:
    """The run's keys, read before anything is opened for writing."""
    import sqlite3

    try:
        with contextlib.closing(
            sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)
        ) as db:
            return dict(db.execute("SELECT key, value FROM run"))
    except sqlite3.Error as error:
        raise config_error(journal, f"cannot be read ({error})", "is it a run's journal?") from None


def _imaged(journal: Path) -> bool:
    """Whether light was ever on in this run."""
    import sqlite3

    with contextlib.closing(
        sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)
    ) as db:
        return db.execute("SELECT 1 FROM exposures LIMIT 1").fetchone() is not None


def settings_of(journal: Path, keys: dict[str, str]) -> tuple[Plan, MicroscopeConfig]:
    """Plan and microscope as they were when the run began."""
    try:
        return (
            Plan.model_validate(yaml.safe_load(keys["plan"])),
            MicroscopeConfig.model_validate(yaml.safe_load(keys["microscope"])),
        )
    except KeyError:
        message = "the run died before anything was imaged"
        raise config_error(journal, message, "start it again") from None
    except (ValidationError, yaml.YAMLError) as error:
        made = keys.get("version", "another version")
        message = f"written by microscout {made}, and not understood ({one_line(str(error))})"
        raise config_error(journal, message, f"resume it with microscout {made}") from None


def scope_of(
    journal: Path, keys: dict[str, str], config: MicroscopeConfig, clock: SimClock | None = None
) -> tuple[Scope, Callable[[Session], Score] | None]:
    """The microscope of an interrupted run, and how a rehearsal is scored (`clock`: its own)."""
    kind = keys.get("kind")
    if kind == "rehearse":
        from agent.commands.rehearse import score_against_truth
        from sim.scenario import Scenario
        from sim.scope import open_scope

        scenario = Scenario.model_validate(yaml.safe_load(keys["scenario"]))
        return open_scope(config, scenario, int(keys["seed"]), clock), score_against_truth
    if kind == "replay":
        from agent.commands.replay import reopen

        return reopen(keys, config), None
    if kind != "run":
        message = f"of an unknown kind ({kind})"
        raise config_error(journal, message, "resume it with the program version that wrote it")
    from agent.scope import RealScope

    beside = Path(keys["microscope_file"]).parent
    started = dt.datetime.fromisoformat(keys["started_utc"])
    scope = RealScope(find(config.mm_config, beside=beside), started)
    if not _imaged(journal):
        scope.begin_at(started)  # it may have been killed while it waited for its start
    return scope, None


def _asked(n: int) -> bool:
    """Ask where somebody is there to answer; hold where nobody is."""
    if not sys.stdin.isatty():
        return False
    import typer

    return typer.confirm(f"{n} differences. Go on as the instrument is now?", default=False)
