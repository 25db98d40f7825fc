"""`microscout tell`: change a run in mid-run, take a change back, or see what was changed."""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import json as jsonlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from agent.change.request import Visitor
from agent.finding import ConfigError, Finding, Level, config_error, one_line
from agent.journal.changes import ChangeWaits
from agent.load import load_plan
from agent.rundir import existing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.change.request import Asked
    from agent.journal.changes import ChangeRow
    from agent.plan import Plan
    from hardware.data import MicroscopeConfig

EXIT_NOT_CONFIRMED = 1
LATER = "applied before the next visit, or when the run is resumed"


class Revision(Protocol):
    """What became of words about a plan: a new one, or questions, or refusals (in words: str)."""

    @property
    def plan(self) -> Plan | None:
        """The whole new plan; its time plan counts from the start of the run."""

    @property
    def questions(self) -> Sequence[object]:
        """What the words leave open."""

    @property
    def refusals(self) -> Sequence[object]:
        """What is not done, and why."""


class Reviser(Protocol):
    """Understands words about a plan (`agent.planner.revise`)."""

    def __call__(
        self, plan: Plan, words: str, config: MicroscopeConfig, now: dt.datetime
    ) -> Revision:
        """Change a plan as the words say; `now` is local time."""


def tell(
    path: Path,
    words: str | None = None,
    *,
    plan: Path | None = None,
    undo: bool = False,
    history: bool = False,
    yes: bool = False,
    json: bool = False,
    revise: Reviser | None = None,
) -> int:
    """Exit code 0 when the change is confirmed (or listed, or withdrawn), 1 when it is not.

    Just one of `words`, `plan` (a whole new plan), `undo` and `history` is given. What is refused
    is a ConfigError: nothing of it is applied.
    """
    if sum((bool(words and words.strip()), plan is not None, undo, history)) != 1:
        remedy = "give the change in words, --plan FILE, --undo or --list: just one of them"
        raise config_error("tell", "what is to be told to the run?", remedy)
    with contextlib.closing(Visitor(existing(path))) as run:
        if history:
            return _show_history(run.changes.all(), json=json)
        if run.complete:
            raise config_error(path, "this run is complete", "nothing to change; see its report")
        if undo:
            return _undo(run, yes=yes, json=json)
        if plan is not None:
            new, said = load_plan(plan).plan, f"the plan in {plan}"
        else:
            new, said = _understood(run, words or "", revise or _planner()), words or ""
        return _change(run, new, said, None, yes=yes, json=json)


def _understood(run: Visitor, words: str, revise: Reviser) -> Plan:
    """The plan that the words mean; ConfigError with what they leave open, or what is refused."""
    revision = revise(run.plan, words, run.config, dt.datetime.now())
    said = [*revision.refusals, *revision.questions]
    if revision.plan is not None and not said:
        return revision.plan
    if not said:
        raise config_error("tell", "the words are not understood", "say it another way, or --plan")
    raise ConfigError(
        Finding(
            "tell",
            "",
            Level.ERROR,
            str(getattr(item, "text", item)),
            "" if item in revision.refusals else "say which",
        )
        for item in said
    )


def _planner() -> Reviser:
    from agent.planner.revise import revise

    return revise


def _undo(run: Visitor, *, yes: bool, json: bool) -> int:
    """Withdraw what is not applied yet; else take back the last change in force."""
    waiting = run.changes.confirmed()
    if waiting is not None and run.changes.refuse(waiting.id, f"withdrawn by {_who()}"):
        said = f"change {waiting.id} is withdrawn; it was not applied"
        print(jsonlib.dumps({"change": waiting.id, "state": "withdrawn"}) if json else said)
        return 0
    last = run.changes.undoable()
    if last is None:
        raise config_error(run.run.path, "no change is in force", "see --list")
    said = f"undo change {last.id}: {last.words}"
    return _change(run, run.before(last), said, last, yes=yes, json=json)


def _change(
    run: Visitor, new: Plan, words: str, undoes: ChangeRow | None, *, yes: bool, json: bool
) -> int:
    place = run.run.path
    try:
        asked = run.ask(new, words, _who(), undoes)
    except ChangeWaits as other:
        remedy = "wait for the next visit, or withdraw it with --undo"
        raise config_error(place, str(other), remedy) from None
    if asked.weighed.against:
        raise ConfigError(
            Finding(
                str(place), no.key, Level.ERROR, f"{no.what} ({no.limit})", no.remedy.rstrip(".")
            )
            for no in asked.weighed.against
        )
    why = "not confirmed"
    try:
        if not json:
            _show(asked, words)
        if not yes and not sys.stdin.isatty():
            why = "not confirmed: nobody was there to ask"
            raise config_error(place, why, "look at it, then give --yes")
        if not yes and not _confirmed():
            print("nothing is changed", file=sys.stderr)
            return EXIT_NOT_CONFIRMED
        if not run.changes.confirm(asked.id):
            message = f"change {asked.id} is not waiting any more"
            raise config_error(place, message, "see --list, and tell it again")
        why = ""
    finally:
        if why:
            run.changes.refuse(asked.id, why)
    if json:
        print(jsonlib.dumps(_as_json(asked)))
    else:
        print(f"change {asked.id} is confirmed: {LATER}")
    return 0


def _confirmed() -> bool:
    import typer

    return typer.confirm("Change the run like this?", default=False)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return "somebody"


def _show(asked: Asked, words: str) -> None:
    """Old -> new, and what it costs."""
    print(f"change {asked.id}: {one_line(words)}")
    for change in asked.weighed.diff.changes:
        print(f"  {change}")
    if asked.weighed.effect is not None:
        for what, old, new in asked.weighed.effect.lines():
            print(f"  effect on {what}: {old} -> {new}")


def _as_json(asked: Asked) -> dict[str, Any]:
    effect = asked.weighed.effect
    return {
        "change": asked.id,
        "state": "confirmed",
        "diff": [{"key": c.key, "old": c.old, "new": c.new} for c in asked.weighed.diff.changes],
        "effect": [
            {"what": what, "old": old, "new": new}
            for what, old, new in (effect.lines() if effect else ())
        ],
    }


def _show_history(changes: Sequence[ChangeRow], *, json: bool) -> int:
    if json:
        print(jsonlib.dumps([_row(change) for change in changes]))
        return 0
    if not changes:
        print("no change was asked for")
    for change in changes:
        when = change.utc.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        became = str(change.state)
        if change.applied_s is not None:
            became += f" at {change.applied_s:.0f} s of the run"
        if change.why:
            became += f": {one_line(change.why)}"
        print(f"change {change.id}, {when}, {change.who}: {change.words} ({became})")
        for key, old, new in change.diff:
            print(f"  {key}: {old} -> {new}")
    return 0


def _row(change: ChangeRow) -> dict[str, Any]:
    return {
        "change": change.id,
        "utc": change.utc.isoformat(),
        "time_s": change.time_s,
        "who": change.who,
        "words": change.words,
        "diff": [{"key": key, "old": old, "new": new} for key, old, new in change.diff],
        "state": str(change.state),
        "why": change.why,
        "applied_s": change.applied_s,
        "undoes": change.undoes,
    }
