"""What a runner says, and what it does not: it becomes state, conditions and messages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent.live.became import Kind
from agent.live.command import Attend
from agent.live.guard import GUARD
from agent.service.runview import keys, paused
from agent.service.send import send
from agent.service.states import Door, ExperimentState, Reason
from policies.worker.spec import ModelEvent

if TYPE_CHECKING:
    from pathlib import Path

    from agent.service.home import Home
    from agent.service.queue import Queue
    from agent.service.told import Say
    from agent.service.underway import UnderWay

LOOK_S = 1.0  # between two looks into the journal of the run
START_S = 300.0  # a runner that loads for longer hangs, and somebody is told
STILL_S = 180.0  # a run in which nothing happens for longer hangs: longer than any device call
GIVEN_UP_S = 900.0  # and then it is ended
JUDGE = "judge"  # what the model's conditions are about
STILL = "hangs"

State = ExperimentState


class Hearing:
    """Of the runner under way. `hear` may be called from any thread, `look` once a round."""

    def __init__(self, queue: Queue, home: Home, say: Say) -> None:
        self._queue = queue
        self._home = home
        self._say = say

    # ------------------------------------------------------------------ what it says

    def hear(self, now: UnderWay, news: dict[str, Any]) -> None:
        """One line of it. Unknown ones are passed over: most are in the journal anyway."""
        text = str(news.get("text", ""))
        match news.get("news"):
            case "state" if news.get("state") == "running":
                now.running, now.moved_s = True, time.monotonic()
                now.left_on = None  # from here on it is another question
                self._queue.set(now.experiment, State.RUNNING, only_from=(State.STARTING,))
                self._say("milestone", now.experiment, "has begun", "", "begun")
            case "light":
                now.left_on = tuple(map(str, news.get("left_on", ())))
            case "pulse":
                now.moved_s = time.monotonic() - float(news.get("still_s", 0.0))
            case "held":
                now.differences = tuple(map(str, news.get("differences", ())))
            case "refused" | "broken":
                now.refused.append(text)
            case "decided":
                self._decided(now, str(news.get("fov", "")), text, news.get("became", ()))
            case "warning":
                self._say("trouble", now.experiment, "a warning", text, f"warning {text[:40]}")
            case "trouble":
                self._trouble(now, str(news.get("kind", "trouble")), text)

    def _decided(self, now: UnderWay, fov: str, text: str, became: list[dict[str, Any]]) -> None:
        """Of a decision people hear what is asked, and where it gets fast."""
        for one in became:
            match one.get("kind"):
                case Kind.BURST:
                    self._say(
                        "event", now.experiment, f"{fov} is imaged fast", text, f"event {fov}"
                    )
                case Kind.QUESTION:  # each by its number: with one key the second would wait
                    key = f"question {one.get('question')}"
                    self._say("question", now.experiment, f"a question about {fov}", text, key)

    def _trouble(self, now: UnderWay, kind: str, text: str) -> None:
        about = JUDGE if kind in set(ModelEvent) else kind
        better = kind == ModelEvent.BACK
        if better:
            now.conditions.pop(about, None)
        else:
            now.conditions[about] = text
        told = "milestone" if better else "trouble"
        key = f"{kind} {now.resumes}" if now.resumes else kind  # after a resume it is news again
        self._say(told, now.experiment, kind.replace("_", " "), text, key)

    # ------------------------------------------------------------------ what it does not say

    def look(self, now: UnderWay) -> None:
        """At its journal now and then; and whether it hangs, which itself could not say."""
        if time.monotonic() - now.looked_s > LOOK_S:
            now.looked_s = time.monotonic()
            self._look_into_the_journal(now)
        self._tell_slow(now)
        self._tell_still(now)

    def _look_into_the_journal(self, now: UnderWay) -> None:
        """Paused or not, and who is there."""
        one = self._queue.get(now.experiment)
        if one is None or one.run is None or not now.running:
            return
        self._queue.set(one.id, State.RUNNING, only_from=(State.STARTING,))
        run = self._home.runs / one.run
        self._tell_who_is_there(now, run)
        lock = paused(run)
        if lock is not None and one.state is State.RUNNING:
            who, said = lock
            why = f"paused by {who}" + (f": {said}" if said else "")
            reason = Reason.GUARD if who == GUARD else Reason.NONE
            self._queue.set(one.id, State.PAUSED, why, reason=reason, only_from=(State.RUNNING,))
        elif lock is None and one.state is State.PAUSED:
            now.resumes += 1
            judge = now.conditions.get(JUDGE)  # the rest is as the person who resumed wants it
            now.conditions = {} if judge is None else {JUDGE: judge}
            self._queue.set(one.id, State.RUNNING, only_from=(State.PAUSED,))

    def _tell_who_is_there(self, now: UnderWay, run: Path) -> None:
        """Once: a person may have come or left before there was a journal to say so."""
        if now.told_who:
            return
        if (keys(run).get("attended", "0") == "1") != self._queue.attended:
            send(run, Attend(attended=self._queue.attended), "service", Door.SERVICE)
            now.child.order("poke")
        now.told_who = True

    def _tell_slow(self, now: UnderWay) -> None:
        """A driver may hang before there is a run, or a dead-man, that could say so."""
        if now.running or now.told_slow or time.monotonic() - now.began_s < START_S:
            return
        now.told_slow = True
        text = (
            f"its runner has been loading for {START_S:.0f} s; nothing was exposed, but loading "
            "may have switched the lamp: look at it. Stop it at once, look at its log and at the "
            "instrument, then resume or submit it again."
        )
        self._say("trouble", now.experiment, "does not begin", text, "loading")

    def _tell_still(self, now: UnderWay) -> None:
        """A pump that waits for a dead disk or a driver says nothing: it is seen from outside."""
        still_s = time.monotonic() - now.moved_s
        if not now.running or still_s < STILL_S:
            if now.still:
                now.still = False
                now.conditions.pop(STILL, None)
            return
        if not now.still:
            now.still = True
            text = f"its runner has done nothing for {still_s:.0f} s: a device or the disk hangs"
            now.conditions[STILL] = text
            self._say("trouble", now.experiment, "hangs", text, STILL)
        if still_s > GIVEN_UP_S:
            now.given_up = True
            now.child.kill()  # its dead-man sees to the light; then it is compared and held
