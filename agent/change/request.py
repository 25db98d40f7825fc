"""The other process's side of a change: asked for, weighed, written down, confirmed, withdrawn."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from agent.change.adopt import read_plan
from agent.change.state import read_state
from agent.change.weigh import weigh
from agent.dump import dump_plan
from agent.finding import config_error, one_line
from agent.journal.changes import ChangeBook, NewChange
from agent.journal.database import Database
from agent.journal.states import Outcome
from agent.resume import last_time_s
from hardware.data import MicroscopeConfig

if TYPE_CHECKING:
    from agent.change.weigh import Weighed
    from agent.journal.changes import ChangeRow
    from agent.plan import Plan
    from agent.rundir import RunDir

MOST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that was weighed. `id` is its number in the journal; `weighed.against` says whether
    it was refused at once.
    """

    id: int
    weighed: Weighed


@functools.lru_cache(maxsize=8)  # pages ask once a second
def _config(text: str) -> MicroscopeConfig:
    return MicroscopeConfig.model_validate(yaml.safe_load(text))


class Visitor:
    """A run as another process sees it. Close it; while it is open the run goes on.

    Raises ConfigError, in one line, where there is no journal of a run that has begun.
    """

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.database = Database(run.journal, durable=True, guest=True)
        self.changes = ChangeBook(self.database)
        self._keys = dict(self.database.rows("SELECT key, value FROM run"))
        try:
            self.plan = read_plan(self._keys["plan"])
            self.config = _config(self._keys["microscope"])
        except KeyError:
            self.close()
            message = "the run died before anything was imaged"
            raise config_error(run.journal, message, "start it again") from None
        except (ValueError, ValidationError, yaml.YAMLError) as error:
            self.close()
            made = self._keys.get("version", "another version")
            message = f"written by microscout {made}, and not understood ({one_line(str(error))})"
            raise config_error(run.journal, message, f"use microscout {made}") from None

    def close(self) -> None:
        """Let the journal go."""
        self.database.close()

    @property
    def complete(self) -> bool:
        """Whether the run has come to its end: nothing can be changed any more."""
        return self._keys.get("outcome") == Outcome.COMPLETE

    def now_s(self) -> float:
        """Run time: by the wall clock for a real run, else the last that the journal knows."""
        started = self._keys.get("started_utc")
        if self._keys.get("kind") != "run" or started is None:
            return last_time_s(self.database)
        since = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(started)
        return max(0.0, since.total_seconds())

    def weigh(self, new: Plan) -> Weighed:
        """What a new plan would change, and what stands against it. Writes nothing."""
        state = read_state(self.database, self.run.path, self.now_s())
        return weigh(self.plan, new, self.config, state)

    def ask(self, new: Plan, words: str, who: str, undoes: ChangeRow | None = None) -> Asked:
        """Weigh a change and write it down, refused or not. Raises ChangeWaits: one at a time."""
        now_s = self.now_s()
        weighed = self.weigh(new)
        change = NewChange(
            utc=dt.datetime.now(dt.UTC),
            time_s=now_s,
            who=who,
            words=one_line(words),
            base=self.changes.version(),
            diff=tuple((c.key, c.old, c.new) for c in weighed.diff.changes),
            plan=dump_plan(new),
            locks=weighed.diff.exposures,
            undoes=None if undoes is None else undoes.id,
        )
        if weighed.against:
            why = "; ".join(map(str, weighed.against))
            return Asked(self.changes.record_refusal(change, why), weighed)
        return Asked(self.changes.ask(change), weighed)

    def before(self, change: ChangeRow) -> Plan:
        """The plan that a change started from. Raises ConfigError where the journal lost it."""
        text = self.changes.plan(change.base)
        if text is None:
            message = f"version {change.base} of the plan is missing"
            raise config_error(self.run.journal, message, "give the plan itself: --plan FILE")
        return read_plan(text)
