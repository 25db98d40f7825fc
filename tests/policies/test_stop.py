"""A plan's own end comes when it is reached, not before, and no burst begins after that."""

from __future__ import annotations

import copy
import json

import pytest
from policies_watching import FIELDS, verdict

from hardware.data import VisitKind
from policies.action import Decision, Stop
from policies.policy import Memory, Situation
from policies.stop import StopParameters, StopPolicy
from policies.verdict import Verdict
from policies.watch import WatchPolicy
from policies.watch_parameters import WatchParameters

EAGER = WatchParameters(confirm=(1, 1), release=(1, 1), min_dwell_s=0, rearm_after_s=0)


class Run:
    """A stop policy round an eager watch policy."""

    def __init__(self, fields: tuple[str, ...] = FIELDS, **wanted: float) -> None:
        parameters = StopParameters(fields=fields, **wanted)  # type: ignore[arg-type]
        self.policy = StopPolicy(parameters, WatchPolicy(EAGER))
        self.memory: Memory = self.policy.start()
        self.now = 0.0

    def look(
        self,
        said: Verdict,
        *,
        events: dict[str, int] | None = None,
        bursting: tuple[str, ...] = (),
        left: tuple[str, ...] = (),
        kind: VisitKind = VisitKind.BASELINE,
        late: bool = False,
    ) -> Decision:
        self.now += 60.0
        situation = Situation(
            kind=kind,
            started_s=self.now,
            now_s=self.now,
            bursting=dict.fromkeys(bursting, 1e9),
            late=late,
            affordable=frozenset(FIELDS),
            events=events or {},
            left=frozenset(left),
        )
        before = copy.deepcopy(self.memory)
        memory, decision = self.policy.decide(self.memory, said, situation)
        assert self.memory == before and json.loads(json.dumps(memory)) == memory
        assert self.policy.decide(self.memory, said, situation) == (memory, decision)
        self.memory = memory
        return decision


def ended(decision: Decision) -> str | None:
    stops = [action.reached for action in decision.actions if isinstance(action, Stop)]
    return stops[0] if stops else None


def covered(fov: str, share: float | None) -> Verdict:
    return verdict(1, fov, 0.1).model_copy(update={"confluence": share})


def test_the_last_event_is_finished_first_and_no_new_one_starts() -> None:
    run = Run(after_events=2)
    events = {"A1": 1, "A2": 1}
    first = run.look(verdict(1, "A3", 0.9), events={"A1": 1}, bursting=("A1",))
    assert [a.action for a in first.actions] == ["burst"]
    waits = run.look(verdict(2, "B1", 0.9), events=events, bursting=("A1", "A2"))
    assert waits.actions == ()
    assert "but the run ends after 2 events" in waits.reason
    assert "once the last burst is over (A1, A2)" in waits.reason
    run.look(verdict(3, "A1", 0.9), events=events, bursting=("A1",))
    last = run.look(verdict(4, "A1", 0.05), events=events, bursting=("A1",))
    assert [a.action for a in last.actions] == ["stop", "end_burst"]
    assert ended(last) == "after 2 events" and last.policy == "stop"
    assert last.reason.startswith("the run ends after 2 events; ")


def test_a_burst_that_ended_by_itself_ends_the_run_at_the_next_look() -> None:
    run = Run(after_events=1)
    assert ended(run.look(verdict(1, "A1", 0.9), events={"A1": 1}, bursting=("A1",))) is None
    assert ended(run.look(verdict(2, "A2", 0.1), events={"A1": 1})) == "after 1 event"


def test_confluence_counts_when_it_stayed_while_every_field_was_seen_once_more() -> None:
    run = Run(confluence=0.5)
    for fov in FIELDS:
        assert ended(run.look(covered(fov, 0.2))) is None
    for fov in FIELDS[:2]:  # mean 0.55 after the second
        assert ended(run.look(covered(fov, 0.9))) is None
    for fov in (*FIELDS[2:], *FIELDS[:1]):
        assert ended(run.look(covered(fov, 0.6))) is None
    reached = ended(run.look(covered("A2", 0.6)))
    assert reached == "at 60 % confluence (4 fields; 50 % asked for)"


def test_one_frame_that_lies_ends_nothing() -> None:
    run = Run(("A1",), confluence=0.5)
    for share in (0.1, 1.0, 0.1, 1.0):
        assert ended(run.look(covered("A1", share))) is None
    assert ended(run.look(covered("A1", 0.8))) == "at 80 % confluence (1 field; 50 % asked for)"


@pytest.mark.parametrize(
    "blank",
    [
        pytest.param({"said": covered("B1", None)}, id="says nothing"),
        pytest.param({"said": covered("B1", 0.9), "late": True}, id="late"),
        pytest.param({"said": covered("B1", 0.9), "kind": VisitKind.REACTION}, id="of a burst"),
    ],
)
def test_a_field_nobody_knows_of_holds_the_end_up_until_it_is_left_alone(
    blank: dict[str, object],
) -> None:
    run = Run(confluence=0.5)
    for _ in range(4):
        for fov in FIELDS[:3]:
            assert ended(run.look(covered(fov, 0.9))) is None
        assert ended(run.look(**blank)) is None  # type: ignore[arg-type]
    ends = [ended(run.look(covered(fov, 0.9), left=("B1",))) for fov in ("A1", "A2", "A3", "A1")]
    assert ends == [None, None, None, "at 90 % confluence (3 fields; 50 % asked for)"]


def test_confluence_waits_for_a_running_burst_as_well() -> None:
    run = Run(("A1",), confluence=0.5)
    run.look(covered("A1", 0.9))
    waits = run.look(covered("A1", 0.9), bursting=("A2",))
    assert ended(waits) is None and "once the last burst is over (A2)" in waits.reason
    assert ended(run.look(covered("A1", 0.1))) is not None, "it was reached once"
