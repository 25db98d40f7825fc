"""What is to become of an experiment whose runner has ended: a value computed from facts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import Outcome
from agent.runner.line import GONE, SILENT
from agent.service.states import INTERRUPTED, ExperimentState, Reason

if TYPE_CHECKING:
    from agent.service.experiment import Experiment
    from agent.service.light import Light

EXIT_COMPLETE, EXIT_FAILED, EXIT_INPUT, EXIT_HELD, EXIT_STOPPED = 0, 1, 2, 3, 130
_ORDERLY = (EXIT_COMPLETE, EXIT_FAILED, EXIT_INPUT, EXIT_HELD, EXIT_STOPPED)

State = ExperimentState
_OUTCOMES = {
    str(Outcome.COMPLETE): State.COMPLETE,
    str(Outcome.STOPPED): State.STOPPED,
    str(Outcome.FAILED): State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a runner has ended.

    Attributes
    ----------
    one : the experiment, as the queue has it.
    code : exit code of its runner; negative: the signal that ended it.
    imaged : its run has a journal.
    outcome, why : of the run, as its journal and its summary have it; "" where they do not say.
    refused, differences, comparing, given_up : as in `UnderWay`.
    light : what is known of it now.
    pressed : why a person has stopped everything at once; "": nobody has.
    attended : somebody is there.
    may_go_on : its plan and the queue allow that it goes on by itself.
    most_restarts : so often a run may die.
    """

    one: Experiment
    code: int
    imaged: bool
    outcome: str
    why: str
    refused: tuple[str, ...]
    differences: tuple[str, ...]
    comparing: bool
    given_up: bool
    light: Light
    pressed: str
    attended: bool
    may_go_on: bool
    most_restarts: int


@dataclass(frozen=True, slots=True)
class Said:
    """What people are to hear of an end, in the words of `Say`."""

    kind: str
    title: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class End:
    """What is to be written down, told and done.

    Attributes
    ----------
    differences, restarts : as the queue is to have them; None: as it has them.
    holds_queue : why nothing else may begin by itself; "": it may.
    goes_on : it is resumed at once.
    rests : the next runner begins a little later: this one died while it compared.
    """

    state: ExperimentState
    why: str
    said: Said | None
    reason: Reason = Reason.NONE
    differences: tuple[str, ...] | None = None
    restarts: int | None = None
    holds_queue: str = ""
    goes_on: bool = False
    rests: bool = False


def died(code: int) -> bool:
    """Whether a runner with this exit code has not come to an end of its own."""
    return code not in _ORDERLY


def end_of(facts: Facts) -> End:
    """Of a runner under this service."""
    over = _OUTCOMES.get(facts.outcome) if died(facts.code) else None  # died at its exit
    if facts.code == EXIT_HELD:
        return _compared(facts)
    if facts.code == EXIT_COMPLETE or over is State.COMPLETE:
        return _settled(State.COMPLETE, facts.why)
    if facts.code == EXIT_STOPPED or over is State.STOPPED:
        return _settled(State.STOPPED, facts.why or "stopped")
    if not died(facts.code) or over is State.FAILED:
        return _failed(facts)
    return _died(facts)


def left_over(outcome: str, why: str) -> End:
    """Of a run that an earlier service has left under way: over already, or interrupted."""
    over = _OUTCOMES.get(outcome)
    if over is None or (over is State.STOPPED and why.startswith((GONE, SILENT))):
        return End(State.HELD, INTERRUPTED, None, Reason.SERVICE_ENDED)
    return _settled(over, why)


def _settled(state: ExperimentState, why: str, holds_queue: str = "") -> End:
    kind = "done" if state is State.COMPLETE else "trouble"
    return End(state, why, Said(kind, str(state), why, "end"), holds_queue=holds_queue)


def _failed(facts: Facts) -> End:
    """What had begun can be resumed; where nothing began, the next one would not either."""
    why = "; ".join(facts.refused) or facts.why or "see its log"
    if facts.one.state is not State.STARTING:
        return _settled(State.FAILED, why)
    if facts.imaged:
        said = Said("trouble", "held: it could not go on", why, "end")
        return End(State.HELD, f"it could not go on: {why}", said)
    return _settled(State.FAILED, why, f"{facts.one.name} could not begin")


def _compared(facts: Facts) -> End:
    """With the instrument: go on where the plan says so and nothing differs."""
    if facts.may_go_on and not facts.differences:
        said = Said("trouble", "goes on after an interruption", facts.one.why, "restart")
        return End(State.HELD, "goes on", said, restarts=facts.one.restarts + 1, goes_on=True)
    n = len(facts.differences)
    why = (
        f"{n} difference{'s' * (n != 1)} between instrument and journal"
        if n
        else "interrupted; the instrument is as the journal left it"
    )
    asked = "; ".join(facts.differences) or "resume it, or leave it stopped"
    kind = "question" if facts.attended else "trouble"
    said = Said(kind, f"held: {why}", asked, "held")
    return End(State.HELD, f"{why}; light off", said, differences=facts.differences)


def _died(facts: Facts) -> End:
    how = f"signal {-facts.code}" if facts.code < 0 else f"exit code {facts.code}"
    if not facts.imaged:
        why = f"its runner died before anything was imaged ({how})"
        return _settled(State.FAILED, why, f"{facts.one.name}: {why}")
    restarts, reason = facts.one.restarts + facts.comparing, Reason.NONE
    if facts.pressed:
        why = f"{facts.pressed}; its runner had to be killed"
    elif restarts > facts.most_restarts:
        why = f"its runner dies while it compares instrument and journal ({how})"
    else:
        why, reason = _interruption(facts, how), Reason.RUNNER_DIED
    said = Said("trouble", "its runner died", f"{how}; {facts.light}", "died")
    return End(State.HELD, why, said, reason, restarts=restarts, rests=facts.comparing)


def _interruption(facts: Facts, how: str) -> str:
    if facts.given_up:
        return "its runner hung for so long that it was killed"
    doing = "compared instrument and journal" if facts.comparing else "ran"
    return f"its runner died while it {doing} ({how})"
