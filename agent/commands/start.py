"""The beginning of a run: its directory, its session. What cannot begin leaves nothing behind."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent.check import errors
from agent.commands.hold import hold
from agent.commands.look import RUNS, room
from agent.dump import dump_model, dump_plan
from agent.finding import ConfigError, config_error, line_of
from agent.rundir import create
from agent.session import NOT_LIVE, Session
from hardware.data import Refusal, Rule
from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from agent.load import LoadedMicroscope, LoadedPlan
    from agent.progress import Progress
    from agent.rundir import RunDir
    from agent.scope import Scope
    from agent.session import Live
    from hardware.data import Clock
    from hardware.deadman.ward import DeadMan

T = TypeVar("T")


def new_run(held: ExitStack, undo: ExitStack, out: Path | None, name: str) -> RunDir:
    """A new run directory, locked until `held` ends.

    `undo` removes it and the folders that were made for it.
    """
    wanted = (out if out is not None else RUNS).absolute()
    made = [folder for folder in (wanted, *wanted.parents) if not folder.exists()]
    run_dir = create(out, name, RUNS)
    undo.callback(_remove, run_dir.path, [f for f in made if f != run_dir.path.absolute()])
    lock = hold(run_dir.path)
    held.callback(lock.close)
    undo.callback(lock.close)  # before the folder goes: not every system removes an open file
    return run_dir


def begin(
    undo: ExitStack,
    run_dir: RunDir,
    loaded: LoadedPlan,
    microscope: LoadedMicroscope,
    scope: Scope,
    progress: Progress,
    *,
    durable: bool,
    live: Live | None = None,
    light_guard: DeadMan | None = None,
    **keys: str,
) -> Session:
    """Light off, look at the instrument, queue the baseline: the run can be conducted.

    Moves nothing. Raises InstrumentFault or ConfigError where the instrument cannot do it.
    """
    plan, config = loaded.plan, microscope.config
    session = Session(
        run_dir,
        plan,
        config,
        scope,
        progress,
        durable=durable,
        live=live or NOT_LIVE,
        light_guard=light_guard,
    )
    undo.callback(let_go, session)
    keys |= {
        "name": loaded.path.stem,
        "plan": dump_plan(plan),
        "microscope": dump_model(config),
        "microscope_file": str(microscope.path.resolve()),
        "started_utc": _zero(scope.clock).isoformat(),
        "version": version("microscout"),
    }
    try:
        with session.journal.database.transaction():  # a journal says all of this, or nothing
            session.journal.records.set(**keys)
            began = in_words(session.begin)
            if isinstance(began, Refusal):  # rolls back: nothing is left of this run
                raise _refused(loaded, began)
    except sqlite3.Error as error:
        remedy = "check the disk and the folder's rights"
        raise config_error(run_dir.journal, f"cannot be written ({error})", remedy) from error
    height, width, dtype = in_words(session.microscope.image_format)
    if session.microscope.pixel_size_um() <= 0:
        raise InstrumentFault(
            FaultKind.DEVICE,
            f"{microscope.path}: objectives.items: the pixel size is not known with objective "
            f"{session.microscope.objective or '(unknown)'} in place; nothing was moved. "
            "Write its pixel_size_um there.",
        )
    frame_bytes = height * width * (1 if dtype == "uint8" else 2)
    if full := errors(room(plan, config, run_dir.path, frame_bytes)):
        raise ConfigError(full)
    return session


def _zero(clock: Clock) -> dt.datetime:
    """When run time is 0: of a run that waits for its start, in the future."""
    return clock.utc() - dt.timedelta(seconds=clock.now())


def in_words(ask: Callable[[], T]) -> T:
    """Ask the instrument; what a driver raises becomes an InstrumentFault."""
    try:
        return ask()
    except RuntimeError as error:
        raise InstrumentFault(
            FaultKind.DEVICE, f"the instrument does not answer as it should: {error}"
        ) from error


def _refused(loaded: LoadedPlan, refusal: Refusal) -> ConfigError:
    """What the plan needs and the instrument is not; nothing was moved."""
    key = "camera.binning" if refusal.rule is Rule.PROPERTY else "objective"
    if refusal.rule in (Rule.OBJECTIVE, Rule.PIXEL_SIZE) and loaded.plan.objective is None:
        key = "reaction.objective"
    message = f"{refusal.what} (limit: {refusal.limit}); nothing was moved"
    remedy = refusal.remedy.rstrip(".")
    line = line_of(key, loaded.lines)
    return config_error(loaded.path, message, remedy[:1].lower() + remedy[1:], key=key, line=line)


def let_go(session: Session) -> None:
    """Light off, and close what is open, whatever state it is in.

    Light that cannot be switched off is left to the dead-man.
    """
    left_on = session.microscope.light_off()
    if left_on:
        print(session.cannot_close(left_on), file=sys.stderr)
    session.microscope.close()
    try:
        session.journal.close()
    except sqlite3.Error as error:  # a full disk: what was committed is safe in the log beside it
        print(f"{session.run_dir.journal}: not closed in order ({error})", file=sys.stderr)


def _remove(run: Path, made: list[Path]) -> None:
    if any((run / "images").glob("*/")):
        return  # it has begun after all: images are never removed
    shutil.rmtree(run, ignore_errors=True)
    for folder in made:
        try:
            folder.rmdir()
        except OSError:  # something else is in it by now
            return
