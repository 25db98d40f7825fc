"""The supervisor: one experiment at a time from the queue, in a runner; what becomes of it."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.act import ASKED, EVERY
from agent.runner.spec import RunnerSpec, SimulatedSpec
from agent.service.child import Child
from agent.service.runview import keys, paused
from agent.service.states import ExperimentState
from policies.worker.spec import ModelEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.service.config import ServiceConfig
    from agent.service.home import Home
    from agent.service.queue import Experiment, Queue

TICK_S = 0.2
LOOK_S = 1.0  # between two looks into the journal of the run
START_S = 300.0  # a runner that loads for longer hangs, and somebody is told
END_S = 15.0  # longest wait for a run to end in order when the service ends
EXIT_COMPLETE, EXIT_FAILED, EXIT_INPUT, EXIT_HELD, EXIT_STOPPED = 0, 1, 2, 3, 130
PAUSED_BY = "paused by "
JUDGE = "judge"  # what the model's conditions are about
QUEUE_HELD = "queue_held"  # setting: why nothing begins by itself
INTERRUPTED = "the service ended while it ran"

State = ExperimentState


@dataclass(frozen=True, slots=True)
class Told:
    """What a person should hear. `kind`: trouble, question, event, milestone or done."""

    kind: str
    experiment: int
    title: str
    text: str
    key: str


@dataclass(slots=True)
class _Now:
    """The runner under way and what it has said so far."""

    experiment: int
    child: Child
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
        self._beginning = threading.Lock()  # two threads may want to begin a runner
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
                self._queue.set(one.id, State.HELD, INTERRUPTED)
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
            code = now.child.poll()
            if code is not None:
                self._ended(now, code)
            now.child.close()

    def wake(self) -> None:
        """The queue has news."""
        self._wake.set()

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

    def poke(self, experiment: int) -> None:
        """Its journal has a command or a change."""
        now = self._now
        if now is not None and now.experiment == experiment:
            now.child.order("poke")

    def stop_now(self, why: str) -> tuple[bool, bool, tuple[str, ...]]:
        """(whether anything ran, light confirmed off, what could not be stopped)."""
        now = self._now
        if now is None:
            return False, True, ()
        confirmed, left = now.child.stop_now(why)
        return True, confirmed, left

    def resume(self, one: Experiment) -> bool:
        """Go on with a held or stopped experiment; False while another one has the instrument."""
        with self._beginning:
            if self._now is not None or one.run is None:
                return False
            self._queue.set_setting(QUEUE_HELD, "")
            self._begin_child(one, "resume", accepted=one.differences)
        return True

    @property
    def queue_held(self) -> str:
        """Why nothing begins by itself; "" while the queue goes on."""
        return self._queue.setting(QUEUE_HELD)

    def hold_queue(self, why: str) -> None:
        """Begin nothing more by itself, until `release_queue` or a resume."""
        self._queue.set_setting(QUEUE_HELD, why)

    def release_queue(self) -> None:
        """Take the queue up again."""
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
        code = now.child.poll()
        if code is None:
            now.child.ping()
            if time.monotonic() - self._looked > LOOK_S:
                self._looked = time.monotonic()
                self._look(now)
            self._tell_slow(now)
            return
        self._now = None
        now.child.close()
        self._ended(now, code)

    def _begin_next(self) -> None:
        for held in self._queue.in_state(State.HELD):
            if held.why == INTERRUPTED and held.run is not None:
                self._begin_child(held, "resume", compare=True)
            return  # its sample is on the stage: nothing else begins before it is settled
        if self.queue_held:
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
    ) -> None:
        run = one.run or _run_name(one)
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
                "attended": self._queue.setting("attended") == "1",
                "compare": compare,
                "accepted": accepted,
            }
        )
        self._queue.set(one.id, State.STARTING, "comparing" if compare else "", run=run)
        child = Child(
            spec,
            self._home.plans / f"{one.id}.spec.json",
            self._home.logs / f"run-{one.id}.log",
            lambda news: self._hear(one.id, news),
        )
        self._now = _Now(one.id, child)

    # ------------------------------------------------------------------ what the runner says

    def _hear(self, experiment: int, news: dict[str, Any]) -> None:
        now = self._now
        if now is None or now.experiment != experiment:
            return
        text = str(news.get("text", ""))
        match news.get("news"):
            case "state" if news.get("state") == "running":
                now.running = True
                self._queue.set(experiment, State.RUNNING, only_from=(State.STARTING,))
                self._say("milestone", experiment, "has begun", "", "begun")
            case "held":
                now.differences = tuple(map(str, news.get("differences", ())))
            case "refused" | "broken":
                now.refused.append(text)
            case "decided":
                fov = str(news.get("fov", ""))
                if EVERY in text:
                    self._say("event", experiment, f"{fov} is imaged fast", text, f"event {fov}")
                elif ASKED in text:
                    self._say("question", experiment, f"a question about {fov}", text, "question")
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
        self._say(told, now.experiment, kind.replace("_", " "), text, kind)

    def _look(self, now: _Now) -> None:
        """Paused or not, as the journal has it."""
        one = self._queue.get(now.experiment)
        if one is None or one.run is None or not now.running:
            return
        lock = paused(self._home.runs / one.run)
        if lock is not None and one.state is State.RUNNING:
            why = f"{PAUSED_BY}{lock[0]}" + (f": {lock[1]}" if lock[1] else "")
            self._queue.set(one.id, State.PAUSED, why, only_from=(State.RUNNING,))
        elif lock is None and one.state is State.PAUSED:
            judge = now.conditions.get(JUDGE)  # the rest is as the person who resumed wants it
            now.conditions = {} if judge is None else {JUDGE: judge}
            self._queue.set(one.id, State.RUNNING, only_from=(State.PAUSED,))

    def _tell_slow(self, now: _Now) -> None:
        """A driver may hang before there is a run that could say so: no dead-man, no light yet."""
        if now.running or now.told_slow or time.monotonic() - now.began_s < START_S:
            return
        now.told_slow = True
        text = (
            f"its runner has been loading for {START_S:.0f} s, and no light was on. Stop it at "
            "once, look at its log and at the instrument, then resume or submit it again."
        )
        self._say("trouble", now.experiment, "does not begin", text, "loading")

    # ------------------------------------------------------------------ its end

    def _ended(self, now: _Now, code: int) -> None:
        one = self._queue.get(now.experiment)
        if one is None:
            return
        run = self._home.runs / (one.run or "")
        why = _why(run)
        if code == EXIT_COMPLETE:
            self._settle(one, State.COMPLETE, why)
        elif code == EXIT_STOPPED:
            self._settle(one, State.STOPPED, why or "stopped")
        elif code == EXIT_HELD:
            self._held(one, now.differences)
        elif code in (EXIT_FAILED, EXIT_INPUT):
            self._settle(one, State.FAILED, "; ".join(now.refused) or why or "see its log")
        else:
            self._died(one, code)

    def _settle(self, one: Experiment, state: ExperimentState, why: str) -> None:
        self._queue.set(one.id, state, why)
        kind = "done" if state is State.COMPLETE else "trouble"
        self._say(kind, one.id, str(state), why, "end")

    def _held(self, one: Experiment, differences: tuple[str, ...]) -> None:
        """Compared with the instrument: go on where the plan says so and nothing differs."""
        from agent.change.adopt import read_plan

        attended = self._queue.setting("attended") == "1"
        wanted = read_plan(one.plan).trouble.after_restart == "go_on"
        may = one.restarts < self._config.restarts
        if wanted and not differences and not attended and may:
            self._queue.set(one.id, State.HELD, "goes on", restarts=one.restarts + 1)
            self._begin_child(one, "resume")
            self._say("trouble", one.id, "goes on after an interruption", one.why, "restart")
            return
        n = len(differences)
        why = (
            f"{n} difference{'s' * (n != 1)} between instrument and journal"
            if differences
            else "interrupted; the instrument is as the journal left it"
        )
        self._queue.set(one.id, State.HELD, f"{why}; light off", differences=differences)
        asked = "; ".join(differences) or "resume it, or leave it stopped"
        self._say("question" if attended else "trouble", one.id, f"held: {why}", asked, "held")

    def _died(self, one: Experiment, code: int) -> None:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        run = self._home.runs / (one.run or "")
        self._say("trouble", one.id, "its runner died", f"{how}; see the log", "died")
        if one.run is None or not keys(run):
            self._settle(one, State.FAILED, f"its runner died before anything was imaged ({how})")
            return
        self._queue.set(one.id, State.HELD, INTERRUPTED)

    def _say(self, kind: str, experiment: int, title: str, text: str, key: str) -> None:
        one = self._queue.get(experiment)
        name = f"{one.name} (experiment {experiment})" if one else f"experiment {experiment}"
        self._tell(Told(kind, experiment, f"{name}: {title}", text, f"{experiment} {key}"))


def _why(run: Any) -> str:
    """Why a run ended as it did, from its summary."""
    try:
        return str(json.loads((run / "summary.json").read_text(encoding="utf-8")).get("why", ""))
    except (OSError, ValueError):
        return ""


def _slug(name: str) -> str:
    """A name as a file's: letters, digits, dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "experiment"


def _run_name(one: Experiment) -> str:
    stamp = dt.datetime.now().strftime("%Y%m%d-%H%M%S")
    return f"{one.id:04d}-{_slug(one.name)}-{stamp}"
