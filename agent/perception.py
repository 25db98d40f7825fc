"""Perception: asks the judge, bounds its time, and writes down honestly what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent.journal.mind import NOBODY, JudgedVisit
from agent.journal.states import VerdictState
from hardware.bounded import Bounded
from hardware.fault import FaultKind, InstrumentFault
from policies.action import Decision
from policies.verdict import Verdict, abstention

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.handoff import FinishedVisit
    from agent.journal.journal import Journal
    from hardware.data import Clock, Frame
    from policies.judge import Judge
    from policies.judge_config import JudgeConfig

REHEARSAL_PATIENCE_S = 60.0  # real seconds that a judge may take on the simulated clock


class Perception:
    """One judge, one visit at a time.

    A judge that raises, answers for another visit, or overruns its deadline yields an abstention;
    it never stops the run and never delays the baseline.
    """

    def __init__(
        self,
        judge: Judge,
        config: JudgeConfig,
        target: str,
        journal: Journal,
        clock: Clock,
        frames_of: Callable[[int], Sequence[Frame]],
    ) -> None:
        self._judge = judge
        self._config = config
        self._target = target
        self._journal = journal
        self._clock = clock
        self._frames_of = frames_of
        self._bounded = Bounded("judge")

    def look(self, visit: FinishedVisit, ready_s: float | None) -> JudgedVisit:
        """Judge a visit. `ready_s` is given on the simulated clock: when the verdict is ready."""
        deadline_s = visit.finished_s + self._config.deadline_s
        if ready_s is None:
            patience_s = deadline_s - self._clock.now()
        else:
            patience_s = REHEARSAL_PATIENCE_S
        started = time.monotonic()
        state, verdict = self._ask(visit, patience_s)
        if ready_s is None:
            ready_s, latency_s = self._clock.now(), time.monotonic() - started
        else:
            latency_s = self._config.latency_s
        if ready_s > deadline_s:
            state = VerdictState.LATE
        return JudgedVisit(state, ready_s, verdict.model_copy(update={"latency_s": latency_s}))

    def _ask(self, visit: FinishedVisit, patience_s: float) -> tuple[VerdictState, Verdict]:
        def nothing(why: str) -> Verdict:
            return abstention(visit.id, visit.fov, self._judge.name, self._target, why)

        if patience_s <= 0:
            return VerdictState.LATE, nothing("waited too long for its turn")
        try:
            frames = self._frames_of(visit.id) if visit.frames is None else visit.frames
            if not frames:
                return VerdictState.UNJUDGED, nothing("no frames")
            verdict = self._bounded.call(
                "judge", patience_s, lambda: self._judge.judge(frames, target=self._target)
            )
            if not isinstance(verdict, Verdict):
                raise TypeError(f"no verdict but {type(verdict).__name__}")
            if (verdict.visit_id, verdict.fov) != (visit.id, visit.fov):
                raise ValueError(f"verdict for visit {verdict.visit_id}, asked for {visit.id}")
        except (Exception, SystemExit) as error:  # whatever a model does, the run goes on
            self._journal.records.error("judge", error, visit.id)
            timed_out = isinstance(error, InstrumentFault) and error.kind is FaultKind.TIMEOUT
            state = VerdictState.LATE if timed_out else VerdictState.FAILED
            return state, nothing(f"the judge failed: {error}")
        return (VerdictState.ABSTAINED if verdict.abstained else VerdictState.GIVEN), verdict

    def close(self) -> None:
        """Give the judge's thread back."""
        self._bounded.close()


def give_up(journal: Journal, visit: FinishedVisit, now_s: float) -> None:
    """A visit that nobody looked at: its queue was full. Recorded as such, and settled."""
    why = "the queue of visits to judge was full"
    with journal.database.transaction():
        if journal.mind.verdict(visit.id) is None:
            verdict = abstention(visit.id, visit.fov, "none", "", why)
            journal.mind.write_verdict(VerdictState.UNJUDGED, now_s, verdict)
        if journal.mind.situation(visit.id) is None:
            decision = Decision(
                visit_id=visit.id,
                policy=NOBODY,
                reason=f"{visit.fov}: {why}",
                cites=(visit.id,),
            )
            journal.mind.write_decision(decision, now_s, [], "{}")
