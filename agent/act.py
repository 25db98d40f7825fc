"""Acting: a decision's actions become changes of the schedule, all in one transaction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, assert_never

from agent.course import FULFILLED, Course
from agent.expand import channels, event_templates, fields
from agent.journal.live import NewAsk
from agent.journal.states import Outcome
from agent.journal.visits import NewVisit
from agent.live.autonomy import Consequence, consequence, mode
from agent.live.became import Became, Kind
from agent.schedule import PRIORITY
from hardware.data import VisitKind
from policies.action import (
    Ask,
    Burst,
    ChangeExposure,
    ChangeObjective,
    EndBurst,
    Keep,
    Recentre,
    Refocus,
    Revisit,
    Stop,
    Wait,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.journal.journal import Journal
    from agent.plan import Plan
    from hardware.data import Refusal
    from policies.action import Action, Decision

MAX_ACTIONS_PER_LAP = 4  # a policy that wants more at once has lost its way
TOO_MANY = f"not done: more than {MAX_ACTIONS_PER_LAP} actions in one decision"


class Actor:
    """Applies decisions. Idempotent per visit: a lap repeated after a crash changes nothing.

    `outside` is the gate's refusal of a stage position (um), None inside the limits. `asks`: there
    is a door through which a person can answer; without one what needs an approval is not done.
    """

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        *,
        end_s: float,
        stop: Callable[[Outcome, str], None],
        outside: Callable[[float, float], Refusal | None] = lambda *_: None,
        asks: bool = False,
    ) -> None:
        self._asks = asks
        self._plan = plan
        self._journal = journal
        self._end_s = end_s
        self._stop = stop
        self._fovs = {fov.name: fov for fov in journal.visits.fovs()}
        self._imaged = frozenset(fov.name for fov in fields(plan))  # a change may pause some
        self._course = Course(journal, self._fovs, outside)

    def apply(self, decision: Decision, now_s: float, situation: str) -> list[str]:
        """Apply and record; returns what became of each action, in words (some are `Became`)."""
        with self._journal.database.transaction():
            applied = [TOO_MANY] * len(decision.actions)
            wanted = list(enumerate(decision.actions[:MAX_ACTIONS_PER_LAP]))
            for i, action in sorted(wanted, key=lambda pair: _turn(pair[1])):
                applied[i] = self._by_itself(action, decision, now_s)
            self._journal.mind.write_decision(decision, now_s, applied, situation)
        return applied

    def stop_if_wanted(self, decision: Decision) -> None:
        """End the run if the decision says so; again when its lap is repeated after a crash.

        One that has what the plan wanted ends by itself: nothing is left to be done.
        """
        for action in decision.actions[:MAX_ACTIONS_PER_LAP]:
            if isinstance(action, Stop) and not action.reached and self._mode(action) == "auto":
                self._stop(Outcome.STOPPED, f"decided: {decision.reason}")

    def do(self, action: Action, cause: int | None, why: str, now_s: float) -> str:
        """Do what a person wants, inside a transaction; what became of it ("not done: ...").

        `cause` is the visit whose decision asked for it, None where a person did by themselves.
        """
        done = self._why_not(action)
        if done:
            return f"not done: {done}"
        done = self._one(action, cause, why, now_s)
        if isinstance(action, Stop) and not action.reached:
            self._stop(Outcome.STOPPED, why)
        return done

    def _by_itself(self, action: Action, decision: Decision, now_s: float) -> str:
        """What the agent wants: done, asked for, or refused, by what it means."""
        done = self._why_not(action) or self._set_by_a_person(action)
        if done:
            return f"not done: {done}"
        what, wanted = consequence(action), self._mode(action)
        if wanted == "auto":
            return self._one(action, decision.visit_id, decision.reason, now_s)
        if wanted == "refuse":
            return f"not done: {what} actions are refused here (autonomy of the plan)"
        if not self._asks:
            return f"not done: {what} actions are asked for, and nobody can be asked"
        return self._ask_leave(action, what, decision, now_s)

    def _mode(self, action: Action) -> str:
        attended = self._journal.records.get("attended") == "1"
        return mode(self._plan.autonomy, action, attended=attended)

    def _ask_leave(
        self, action: Action, what: Consequence, decision: Decision, now_s: float
    ) -> str:
        expires_s = now_s + self._plan.autonomy.ask_timeout_s
        ask = self._journal.live.ask(
            NewAsk(
                visit=decision.visit_id,
                fov=getattr(action, "fov", ""),
                action=action.model_dump_json(),
                reason=decision.reason,
                consequence=what,
                fallback="it is not done",
                asked_s=now_s,
                expires_s=expires_s,
            )
        )
        said = f"asked (question {ask}); not done unless approved by {expires_s:.0f} s"
        return Became(said, Kind.QUESTION, ask)

    def _one(self, action: Action, cause: int | None, why: str, now_s: float) -> str:
        match action:
            case Burst():
                done = self._burst(action.fov, cause, now_s)
            case EndBurst():
                done = self._course.end_burst(action.fov, why, now_s)
            case Revisit():
                done = self._revisit(action.fov, cause, now_s + action.delay_s)
            case Refocus():
                found = self._journal.visits.refocus_next(action.fov)
                done = "autofocus at the next visit" if found else "not done: no visit is left"
            case ChangeExposure():
                self._journal.visits.change_exposure(action.fov, action.channel, action.exposure_ms)
                done = f"{action.channel} at {action.exposure_ms:g} ms from the next visit on"
            case Wait():
                skipped = self._skip(action.fov, now_s + action.duration_s)
                done = f"left alone for {action.duration_s:g} s; {skipped} visits skipped"
            case Recentre() | Keep() | Stop():
                done = self._course.change(action, why, now_s)
            case ChangeObjective():
                raise AssertionError("refused before")
            case Ask():
                done = self._ask(action.question, action.default, now_s)
            case _:
                assert_never(action)
        return done

    def _why_not(self, action: Action) -> str:
        """Why an action cannot be done whatever the schedule looks like; "" if it can."""
        over = self._journal.records.get(FULFILLED)
        if over is not None:
            return f"the run is over: {over}"
        named = getattr(action, "fov", None)
        for fov in action.fovs if isinstance(action, Keep) else (named,):
            if fov is not None and fov not in self._fovs:
                return f"no field of view {fov!r} in the plan"
        if isinstance(action, Burst | Revisit):
            held = self._journal.records.get(f"held {action.fov}")
            if held is not None:
                return f"the field is {held}" if held.startswith("left") else "the position is held"
        return self._not_planned(action)

    def _not_planned(self, action: Action) -> str:
        if isinstance(action, ChangeObjective):
            return "this version changes no objective during a run"
        if isinstance(action, Refocus) and self._plan.autofocus is None:
            return "the plan has no autofocus"
        if isinstance(action, ChangeExposure) and action.channel not in channels(self._plan):
            return f"no channel {action.channel!r} in the plan"
        return ""

    def _set_by_a_person(self, action: Action) -> str:
        """What a person has changed in mid-run is not changed back by a decision."""
        if isinstance(action, ChangeExposure):
            change = self._journal.changes.locked().get(action.channel)
            if change is not None:
                said = f"{action.channel} was set by {change.who} (change {change.id})"
                return f"held, {said}; undo that to release it"
            lock = self._journal.live.locked("exposure", action.channel)
            if lock is not None:
                return f"held, {action.channel} was set to {lock.value} ms by {lock.who}"
        if isinstance(action, Burst | Revisit) and action.fov not in self._imaged:
            return "held, a person has paused the field"
        if isinstance(action, Burst | Revisit):
            lock = self._journal.live.locked("hold", action.fov)
            if lock is not None:
                return f"held, {lock.who} has the field left alone"
        return ""

    def _burst(self, fov: str, cause: int | None, now_s: float) -> str:
        if fov in self._journal.mind.bursts(now_s):
            return "not done: the field is imaged fast already"
        reaction = self._plan.reaction
        until_s = min(now_s + reaction.duration_s, self._end_s)
        if until_s <= now_s:
            return "not done: the plan ends before it could start"
        n = math.floor((until_s - now_s) / reaction.interval_s) + 1
        burst = self._journal.mind.start_burst(fov, cause or 0, now_s, until_s)
        frames = len(event_templates(self._plan, self._fovs[fov], VisitKind.REACTION))
        self._journal.visits.add(
            NewVisit(
                fov=fov,
                kind=VisitKind.REACTION,
                priority=PRIORITY[VisitKind.REACTION],
                due_s=now_s + i * reaction.interval_s,
                frames_expected=frames,
                burst=burst,
                cause=cause,
            )
            for i in range(n)
        )
        said = f"{n} visits every {reaction.interval_s:g} s, until released"
        return Became(said, Kind.BURST)

    def _revisit(self, fov: str, cause: int | None, due_s: float) -> str:
        if due_s > self._end_s:
            return "not done: the plan ends before"
        frames = len(event_templates(self._plan, self._fovs[fov], VisitKind.REVISIT))
        self._journal.visits.add(
            [
                NewVisit(
                    fov=fov,
                    kind=VisitKind.REVISIT,
                    priority=PRIORITY[VisitKind.REVISIT],
                    due_s=due_s,
                    frames_expected=frames,
                    cause=cause,
                )
            ]
        )
        return f"one more visit at {due_s:.0f} s"

    def _ask(self, question: str, default: str, now_s: float) -> str:
        self._journal.database.connection.execute(
            "INSERT INTO notes (time_s, kind, text) VALUES (?,?,?)",
            (now_s, "question", f"{question} (nobody asked; {default})"),
        )
        return f"nobody is there to ask; the default applies: {default}"

    def _skip(self, fov: str, until_s: float) -> int:
        cursor = self._journal.database.connection.execute(
            "UPDATE visits SET state='skipped', why='waiting: decided' WHERE state='pending'"
            " AND fov=? AND due_s<?",
            (fov, until_s),
        )
        return cursor.rowcount


def _turn(action: Action) -> int:
    """Refocus belongs to the next visit, which may be one that this decision asks for; the end
    comes last.
    """
    return 2 if isinstance(action, Stop) else int(isinstance(action, Refocus))
