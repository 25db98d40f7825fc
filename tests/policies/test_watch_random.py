"""Whatever the judge says and the run does, the watch policy keeps its promises."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from policies_watching import FIELDS, Watch

from policies.verdict import FocusState
from policies.watch_parameters import WatchParameters

N_OF_K = st.tuples(st.integers(1, 4), st.integers(0, 3)).map(lambda nk: (nk[0], nk[0] + nk[1]))
PARAMETERS = st.builds(
    WatchParameters,
    confirm=N_OF_K,
    release=N_OF_K,
    min_dwell_s=st.sampled_from([0.0, 100.0, 300.0]),
    rearm_after_s=st.sampled_from([0.0, 200.0, 600.0]),
    max_concurrent=st.integers(1, 3),
)
P = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.1, 0.39, 0.4, 0.6, 0.9, 0.9]))
STEP = st.tuples(
    st.sampled_from(FIELDS),
    P,
    st.sampled_from([0.0, 1.0, 60.0, 360.0]),
    st.sampled_from(list(FocusState)),
    st.booleans(),  # late
    st.sampled_from(["", "", "", "refuse", "end", "start", "poor"]),  # what else happens
)


@settings(max_examples=150, deadline=None)
@given(PARAMETERS, st.lists(STEP, min_size=1, max_size=60))
def test_the_watch_policy_keeps_its_promises(
    parameters: WatchParameters,
    steps: list[tuple[str, float | None, float, FocusState, bool, str]],
) -> None:
    watch = Watch(parameters, burst_s=400.0)  # checks at every look: pure, exact as JSON
    begun: dict[str, float] = {}
    refocused: dict[str, float] = {}
    for fov, p, after, focus, late, what in steps:
        watch.refuse = what == "refuse"
        watch.affordable = frozenset() if what == "poor" else frozenset(FIELDS)
        if what == "end":
            watch.bursting.pop(fov, None)
        elif what == "start" and len(watch.bursting) < parameters.max_concurrent:
            watch.bursting.setdefault(fov, watch.now + 400.0)
        begun = {name: t for name, t in begun.items() if name in watch.bursting}
        decision = watch.look(fov, p, after=after, focus=focus, late=late)
        running = {name for name, t in watch.bursting_before.items() if t > watch.now}
        starts_or_ends = [a for a in decision.actions if a.action in ("burst", "end_burst")]
        if late or p is None:
            assert not starts_or_ends
        for action in decision.actions:
            if action.action == "burst":
                assert action.fov not in running
                assert action.fov in watch.affordable
                running.add(action.fov)
                begun[action.fov] = watch.now
                assert len(running) <= parameters.max_concurrent
            elif action.action == "end_burst":
                assert action.fov in running
                assert action.fov == fov
                running.discard(action.fov)
                started = begun.pop(action.fov, None)
                assert started is None or watch.now - started >= parameters.min_dwell_s
            elif action.action == "refocus":
                assert action.fov == fov
                before = refocused.get(fov)
                assert before is None or watch.now - before >= parameters.refocus_after_s
                refocused[fov] = watch.now
            else:
                assert action.action == "revisit"
                assert action.fov == fov
        assert decision.reason.strip()
        assert decision.visit_id in decision.cites
        assert max(decision.cites) <= decision.visit_id
    keep = parameters.window
    assert len(json.dumps(watch.memory)) < len(FIELDS) * (350 + 80 * keep)
