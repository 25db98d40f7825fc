"""The supervisor: one experiment at a time from the queue, in a runner; what becomes of it."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.act import ASKED, EVERY
from agent.journal.states import Outcome
from agent.live.command import Attend
from agent.runner.spec import RunnerSpec, SimulatedSpec
from agent.service.child import Child
from agent.service.light import INSIDE, NOT_LOOKED, Light, after_death, said_at_its_end
from agent.service.runview import keys, paused
from agent.service.send import send
from agent.service.states import Door, ExperimentState
from agent.service.told import Told
from policies.worker.spec import ModelEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.service.config import ServiceConfig
    from agent.service.home import Home
    from agent.service.queue import Experiment, Queue

TICK_S = 0.2
LOOK_S = 1.0  # between two looks into the journal of the run
START_S = 300.0  # a runner that loads for longer hangs, and somebody is told
STILL_S = 180.0  # a run in which nothing happens for longer hangs: longer than any device call
GIVEN_UP_S = 900.0  # and then it is ended
DEAD_MAN_S = 5.0  # longest wait for what a dead-man did
STOP_S = 1.5  # the same, while a person waits for the answer to a stop at once
AGAIN_S = 10.0  # after a runner that could not be started, or died while it compared
END_S = 15.0  # longest wait for a run to end in order when the service ends
EXIT_COMPLETE, EXIT_FAILED, EXIT_INPUT, EXIT_HELD, EXIT_STOPPED = 0, 1, 2, 3, 130
PAUSED_BY = "paused by "
JUDGE = "judge"  # what the model's conditions are about
QUEUE_HELD = "queue_held"  # setting: why nothing begins by itself
INTERRUPTED = "the service ended while it ran"

State = ExperimentState
STILL = "hangs"
GONE = ("the service is gone", "the service was silent")  # a runner's reasons: nobody stopped it
_OUTCOMES = {
    str(Outcome.COMPLETE): State.COMPLETE,
    str(Outcome.STOPPED): State.STOPPED,
    str(Outcome.FAILED): State.FAILED,
}

__all__ = ["INTERRUPTED", "JUDGE", "PAUSED_BY", "STILL", "Supervisor", "Told"]


@dataclass(slots=True)
class _Now:
    """The runner under way and what it has said so far."""

    experiment: int
    child: Child
    run: Path = Path()
    comparing: bool = False
    left_on: tuple[str, ...] | None = None  # shutters it could not close; None: it has not said
    moved_s: float = field(default_factory=time.monotonic)  # when it last did anything
    still: bool = False  # told that it hangs
    resumes: int = 0  # of this runner, after a pause
    told_who: bool = False  # the journal knows whether somebody is there
    differences: tuple[str, ...] = ()
    refused: list[str] = field(default_factory=list)
    running: bool = False
    began_s: float = field(default_factory=time.monotonic)
    told_slow: bool = False
    conditions: dict[str, str] = field(default_factory=dict)  # what is wrong, by what it is about


class Supervisor:
    """A thread that looks at the queue and at the runner; everything else only reads.

    `stop_now` may be called from any thread and waits for no lock of the supervisor.
    """

    def __init__(
        self,
        queue: Queue,
        home: Home,
        config: ServiceConfig,
        tell: Callable[[Told], None],
    ) -> None:
        self._queue = queue
        self._home = home
        self._config = config
        self._tell = tell
        self._now: _Now | None = None  # replaced as a whole; read without a lock
        self._beginning = threading.RLock()  # held while a runner begins, and while one has ended
        self._halt = ""  # why nothing may begin: set by a stop at once, which takes no lock
        self._not_before = 0.0  # monotonic: after a runner that could not be started
        lit = config.simulated is None or config.simulated.lamp is not None
        self.light = NOT_LOOKED if lit else Light(None, True, INSIDE)
        self._over = threading.Event()
        self._wake = threading.Event()
        self._looked = 0.0
        self.failure = ""  # why the supervisor itself does not work; "" while it does
        self.beat = time.monotonic()  # when it last went round
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    # ------------------------------------------------------------------ from outside

    def begin(self) -> None:
        """Settle what an earlier service left, then go round."""
        left = self._queue.in_state(State.STARTING, State.RUNNING, State.PAUSED, State.STOPPING)
        for one in left:
            run = None if one.run is None else self._home.runs / one.run
            if run is None or not keys(run):
                self._queue.set(one.id, State.WAITING, "its start was interrupted", run=None)
            else:
                self._left(one, run)
        self._thread.start()

    def end(self) -> None:
        """End in order: a run is stopped after its visit, and can be resumed."""
        self._over.set()
        self._wake.set()
        now = self._now
        if now is not None:
            now.child.order("stop", why="the service was ended")
            if not now.child.wait(END_S):
                now.child.stop_now("the service was ended")
                if not now.child.wait(END_S):
                    now.child.kill()
        if self._thread.is_alive():
            self._thread.join(5.0)
        now = self._now
        if now is not None:
            with self._beginning:
                self._take_leave(now)
            now.child.close()

    def wake(self) -> None:
        """The queue has news."""
        self._wake.set()

    @property
    def attended(self) -> bool:
        """Whether somebody has said to be there."""
        return self._queue.setting("attended") == "1"

    @property
    def current(self) -> int | None:
        """The experiment whose runner is at work."""
        now = self._now
        return None if now is None else now.experiment

    @property
    def runner_pid(self) -> int | None:
        """The runner's process."""
        now = self._now
        return None if now is None else now.child.pid

    @property
    def conditions(self) -> dict[str, str]:
        """What the runner at work has said is wrong, and has not taken back."""
        now = self._now
        return {} if now is None else dict(now.conditions)

    @property
    def deaf(self) -> str:
        """Why some of the runner's news is lost; "" while it is heard."""
        now = self._now
        return "" if now is None else now.child.failure

    def poke(self, experiment: int) -> None:
        """Its journal has a command or a change."""
        now = self._now
        if now is not None and now.experiment == experiment:
            now.child.order("poke")

    def stop_now(self, why: str) -> tuple[bool, bool, tuple[str, ...]]:
        """(whether anything ran, light read back as off, what could not be stopped).

        Takes no lock. Nothing begins by itself afterwards, until `release_queue` or a resume.
        """
        self._halt = why
        now = self._now
        if now is None:
            return False, bool(self.light.off), () if self.light.off else (str(self.light),)
        confirmed, left = now.child.stop_now(why)
        if not confirmed and now.child.poll() is not None:  # it is dead: who has seen to the light?
            light = self._after_death(now, STOP_S)
            confirmed, left = bool(light.off), (*left, str(light))
        return True, confirmed, left

    def resume(self, one: Experiment) -> str:
        """Go on with a held or stopped experiment; why not, "" where it begins."""
        with self._beginning:
            if self._now is not None or one.run is None:
                return "another experiment has the instrument"
            self._halt = ""
            self._queue.set_setting(QUEUE_HELD, "")
            return self._begin_child(one, "resume", accepted=one.differences, restarts=0)

    @property
    def queue_held(self) -> str:
        """Why nothing new begins by itself; "" while the queue goes on."""
        return self._held_by_people or ("" if self._may_be_dark else str(self.light))

    @property
    def _held_by_people(self) -> str:
        return self._halt or self._queue.setting(QUEUE_HELD)

    @property
    def _may_be_dark(self) -> bool:
        """Nothing is known against it: off, or no runner of ours has been at work."""
        return bool(self.light.off) or self.light.experiment is None

    def hold_queue(self, why: str) -> None:
        """Begin nothing more by itself, until `release_queue` or a resume."""
        self._queue.set_setting(QUEUE_HELD, why)

    def release_queue(self) -> None:
        """Take the queue up again; whoever does has looked at the light."""
        self._halt = ""
        if not self.light.off:
            self.light = Light(None, None, "nobody has looked since the queue was released")
        self._queue.set_setting(QUEUE_HELD, "")
        self._wake.set()

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self.step()
                self.failure = ""
            except Exception as error:  # a full disk: said, and tried again
                self.failure = f"{type(error).__name__}: {error}"
            self.beat = time.monotonic()
            self._wake.wait(TICK_S)
            self._wake.clear()

    def step(self) -> None:
        """One round: look after the runner, or begin what is due."""
        now = self._now
        if now is None:
            with self._beginning:
                if self._now is None and not self._over.is_set():
                    self._begin_next()
            return
        if now.child.poll() is None:
            now.child.ping()
            if time.monotonic() - self._looked > LOOK_S:
                self._looked = time.monotonic()
                self._look(now)
            self._tell_slow(now)
            self._tell_still(now)
            return
        with self._beginning:
            self._take_leave(now)

    def _take_leave(self, now: _Now) -> None:
        """Its runner has ended. What raises here (a full disk) is tried again in the next round."""
        code = now.child.poll()
        if code is None or self._now is not now:
            return
        going_on = self._ended(now, code)
        self._now = None
        now.child.close()
        if going_on is not None and not self._over.is_set():
            self._begin_child(going_on, "resume")

    def _begin_next(self) -> None:
        if self._held_by_people or time.monotonic() < self._not_before:
            return
        for held in self._queue.in_state(State.HELD):
            if held.why == INTERRUPTED and held.run is not None:
                self._begin_child(held, "resume", compare=True)
            return  # its sample is on the stage: nothing else begins before it is settled
        if not self._may_be_dark:
            return
        one = self._queue.next_due(dt.datetime.now(dt.UTC))
        if one is not None:
            self._begin_child(one, "start")

    def _begin_child(
        self,
        one: Experiment,
        action: str,
        *,
        compare: bool = False,
        accepted: tuple[str, ...] = (),
        restarts: int | None = None,
    ) -> str:
        """Start its runner; why not, "" where it starts."""
        run = one.run or _run_name(one)
        why = "comparing" if compare else ""
        more = {} if restarts is None else {"restarts": restarts}
        if not self._queue.set(
            one.id, State.STARTING, why, only_from=(one.state,), run=run, **more
        ):
            return "somebody else has decided about it meanwhile"
        try:
            child = self._child(one, run, action, compare=compare, accepted=accepted)
        except OSError as error:
            self._not_before = time.monotonic() + AGAIN_S
            self._queue.set(one.id, one.state, one.why, run=one.run)
            why = f"its runner could not be started ({error.strerror or error})"
            self._say("trouble", one.id, "does not begin", why, "not started")
            return why
        self._now = _Now(one.id, child, self._home.runs / run, compare)
        if self._halt:  # pressed while it was being started
            child.stop_now(self._halt)
        return ""

    def _child(
        self,
        one: Experiment,
        run: str,
        action: str,
        *,
        compare: bool,
        accepted: tuple[str, ...],
    ) -> Child:
        plan = self._home.plans / f"{one.id}-{_slug(one.name)}.yaml"
        plan.write_text(one.plan, encoding="utf-8")
        simulated = self._config.simulated
        spec = RunnerSpec.model_validate(
            {
                "action": action,
                "run": self._home.runs / run,
                "plan": plan,
                "microscope": self._config.microscope,
                "simulated": None if simulated is None else SimulatedSpec(**simulated.model_dump()),
                "attended": self.attended,
                "compare": compare,
                "accepted": accepted,
            }
        )
        return Child(
            spec,
            self._home.plans / f"{one.id}.spec.json",
            self._home.logs / f"run-{one.id}.log",
            lambda news: self._hear(one.id, news),
        )

    # ------------------------------------------------------------------ what the runner says

    def _hear(self, experiment: int, news: dict[str, Any]) -> None:
        now = self._now
        if now is None or now.experiment != experiment:
            return
        text = str(news.get("text", ""))
        match news.get("news"):
            case "state" if news.get("state") == "running":
                now.running, now.moved_s = True, time.monotonic()
                now.left_on = None  # from here on it is another question
                self._queue.set(experiment, State.RUNNING, only_from=(State.STARTING,))
                self._say("milestone", experiment, "has begun", "", "begun")
            case "light":
                now.left_on = tuple(map(str, news.get("left_on", ())))
            case "pulse":
                now.moved_s = time.monotonic() - float(news.get("still_s", 0.0))
            case "held":
                now.differences = tuple(map(str, news.get("differences", ())))
            case "refused" | "broken":
                now.refused.append(text)
            case "decided":
                fov = str(news.get("fov", ""))
                if EVERY in text:
                    self._say("event", experiment, f"{fov} is imaged fast", text, f"event {fov}")
                elif ASKED in text:
                    about = f"a question about {fov}"
                    self._say("question", experiment, about, text, f"question {_number(text)}")
            case "warning":
                self._say("trouble", experiment, "a warning", text, f"warning {text[:40]}")
            case "trouble":
                self._trouble(now, str(news.get("kind", "trouble")), text)

    def _trouble(self, now: _Now, kind: str, text: str) -> None:
        about = JUDGE if kind in set(ModelEvent) else kind
        better = kind == ModelEvent.BACK
        if better:
            now.conditions.pop(about, None)
        else:
            now.conditions[about] = text
        told = "milestone" if better else "trouble"
        key = f"{kind} {now.resumes}" if now.resumes else kind  # after a resume it is news again
        self._say(told, now.experiment, kind.replace("_", " "), text, key)

    def _look(self, now: _Now) -> None:
        """Paused or not, and who is there, as the journal has it."""
        one = self._queue.get(now.experiment)
        if one is None or one.run is None or not now.running:
            return
        self._queue.set(one.id, State.RUNNING, only_from=(State.STARTING,))
        run = self._home.runs / one.run
        self._tell_who_is_there(now, run)
        lock = paused(run)
        if lock is not None and one.state is State.RUNNING:
            why = f"{PAUSED_BY}{lock[0]}" + (f": {lock[1]}" if lock[1] else "")
            self._queue.set(one.id, State.PAUSED, why, only_from=(State.RUNNING,))
        elif lock is None and one.state is State.PAUSED:
            now.resumes += 1
            judge = now.conditions.get(JUDGE)  # the rest is as the person who resumed wants it
            now.conditions = {} if judge is None else {JUDGE: judge}
            self._queue.set(one.id, State.RUNNING, only_from=(State.PAUSED,))

    def _tell_slow(self, now: _Now) -> None:
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

    def _tell_still(self, now: _Now) -> None:
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
            now.child.kill()  # its dead-man sees to the light; then it is compared and held

    def _tell_who_is_there(self, now: _Now, run: Path) -> None:
        """Once: a person may have come or left before there was a journal to say so."""
        if now.told_who:
            return
        if (keys(run).get("attended", "0") == "1") != self.attended:
            send(run, Attend(attended=self.attended), "service", Door.SERVICE)
            now.child.order("poke")
        now.told_who = True

    # ------------------------------------------------------------------ its end

    def _left(self, one: Experiment, run: Path) -> None:
        """What an earlier service left under way: over already, or interrupted."""
        over, why = _OUTCOMES.get(keys(run).get("outcome", "")), _why(run)
        if over is None or (over is State.STOPPED and why.startswith(GONE)):
            self._queue.set(one.id, State.HELD, INTERRUPTED)
        else:
            self._settle(one, over, why)

    def _ended(self, now: _Now, code: int) -> Experiment | None:
        """Say and write down what became of it; the experiment, where it is to go on at once."""
        one = self._queue.get(now.experiment)
        if one is None:
            return None
        run = self._home.runs / (one.run or "")
        known = code in (EXIT_COMPLETE, EXIT_STOPPED, EXIT_HELD, EXIT_FAILED, EXIT_INPUT)
        over = None if known else _OUTCOMES.get(keys(run).get("outcome", ""))  # died at its exit
        self._look_at_the_light(now, run, code, died=not known)
        why = _why(run)
        if code == EXIT_HELD:
            return self._held(one, now.differences)
        if code == EXIT_COMPLETE or over is State.COMPLETE:
            self._settle(one, State.COMPLETE, why)
        elif code == EXIT_STOPPED or over is State.STOPPED:
            self._settle(one, State.STOPPED, why or "stopped")
        elif known or over is State.FAILED:
            self._failed(one, run, "; ".join(now.refused) or why or "see its log")
        else:
            self._died(one, now, code)
        return None

    def _look_at_the_light(self, now: _Now, run: Path, code: int, *, died: bool) -> None:
        """What is known of it now; said, and nothing begins, where it may be on."""
        if self._config.simulated is not None and self._config.simulated.lamp is None:
            self.light = Light(now.experiment, True, INSIDE)
            return
        if died:
            self.light = self._after_death(now, DEAD_MAN_S)
        elif now.left_on is None and code == EXIT_INPUT:
            return  # refused before it had the instrument: as it was before
        else:
            self.light = said_at_its_end(now.experiment, now.left_on, run, now.child.pid)
        if not self.light.off:
            self._say("trouble", now.experiment, "look at the lamp", str(self.light), "light")

    def _after_death(self, now: _Now, wait_s: float) -> Light:
        if self._config.simulated is not None and self._config.simulated.lamp is None:
            return Light(now.experiment, True, INSIDE)
        return after_death(now.experiment, now.run, now.child.pid, wait_s)

    def _settle(self, one: Experiment, state: ExperimentState, why: str) -> None:
        self._queue.set(one.id, state, why)
        kind = "done" if state is State.COMPLETE else "trouble"
        self._say(kind, one.id, str(state), why, "end")

    def _failed(self, one: Experiment, run: Path, why: str) -> None:
        """What had begun can be resumed; where nothing began, the next one would not either."""
        if one.state is State.STARTING and keys(run):
            self._queue.set(one.id, State.HELD, f"it could not go on: {why}")
            self._say("trouble", one.id, "held: it could not go on", why, "end")
            return
        if one.state is State.STARTING:
            self.hold_queue(f"{one.name} could not begin")
        self._settle(one, State.FAILED, why)

    def _held(self, one: Experiment, differences: tuple[str, ...]) -> Experiment | None:
        """Compared with the instrument: go on where the plan says so and nothing differs."""
        from agent.change.adopt import read_plan

        wanted = read_plan(one.plan).trouble.after_restart == "go_on"
        may = one.restarts < self._config.restarts and not self.queue_held
        if wanted and not differences and not self.attended and may:
            self._queue.set(one.id, State.HELD, "goes on", restarts=one.restarts + 1)
            self._say("trouble", one.id, "goes on after an interruption", one.why, "restart")
            return self._queue.get(one.id)
        n = len(differences)
        why = (
            f"{n} difference{'s' * (n != 1)} between instrument and journal"
            if differences
            else "interrupted; the instrument is as the journal left it"
        )
        self._queue.set(one.id, State.HELD, f"{why}; light off", differences=differences)
        asked = "; ".join(differences) or "resume it, or leave it stopped"
        kind = "question" if self.attended else "trouble"
        self._say(kind, one.id, f"held: {why}", asked, "held")
        return None

    def _died(self, one: Experiment, now: _Now, code: int) -> None:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        run = self._home.runs / (one.run or "")
        if one.run is None or not keys(run):
            why = f"its runner died before anything was imaged ({how})"
            self.hold_queue(f"{one.name}: {why}")
            self._settle(one, State.FAILED, why)
            return
        restarts = one.restarts + now.comparing
        if self._halt:
            why = f"{self._halt}; its runner had to be killed"
        elif restarts > self._config.restarts:
            why = f"its runner dies while it compares instrument and journal ({how})"
        else:
            why = INTERRUPTED
        self._not_before = time.monotonic() + AGAIN_S * now.comparing
        self._queue.set(one.id, State.HELD, why, restarts=restarts)
        self._say("trouble", one.id, "its runner died", f"{how}; {self.light}", "died")

    def _say(self, kind: str, experiment: int, title: str, text: str, key: str) -> None:
        one = self._queue.get(experiment)
        name = f"{one.name} (experiment {experiment})" if one else f"experiment {experiment}"
        self._tell(Told(kind, experiment, f"{name}: {title}", text, f"{experiment} {key}"))


def _why(run: Path) -> str:
    """Why a run ended as it did, from its summary."""
    try:
        return str(json.loads((run / "summary.json").read_text(encoding="utf-8")).get("why", ""))
    except (OSError, ValueError):
        return ""


def _number(text: str) -> str:
    """The number of the question that a text tells of."""
    found = re.search(re.escape(ASKED) + r"(\d+)", text)
    return found[1] if found else ""


def _slug(name: str) -> str:
    """A name as a file's: letters, digits, dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "experiment"


def _run_name(one: Experiment) -> str:
    stamp = dt.datetime.now().strftime("%Y%m%d-%H%M%S")
    return f"{one.id:04d}-{_slug(one.name)}-{stamp}"
