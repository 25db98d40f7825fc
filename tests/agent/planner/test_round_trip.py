"""What drafts can make survives YAML, plain useq, and being put into words and read again."""

from __future__ import annotations

import time
from itertools import groupby
from random import Random
from typing import TYPE_CHECKING, Any

import useq
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_space import NOW, microscope, random_plan

from agent.bench.plan import same
from agent.dump import dump_plan, export_useq
from agent.expand import baseline_visits
from agent.load import parse_plan
from agent.planner.describe import describe
from agent.planner.facts import facts_of
from agent.planner.proposal import Proposal, propose
from agent.planner.understand import understand

if TYPE_CHECKING:
    from agent.plan import Plan

PLANS = 200
SHOWN = 5
_ORDERED = ("channels", "reaction.channels", "positions", "wells")

plans = st.randoms(use_true_random=False).map(random_plan)


@settings(deadline=None, max_examples=25)
@given(plans)
def test_a_plan_of_a_draft_written_and_loaded_is_the_same_plan(plan: Plan) -> None:
    text = dump_plan(plan)
    again = parse_plan(text, "plan.yaml")
    assert again == plan
    assert dump_plan(again) == text
    assert facts_of(again) == facts_of(plan)


@settings(deadline=None, max_examples=15)
@given(plans)
def test_useq_alone_makes_the_visits_of_an_exported_plan(plan: Plan) -> None:
    exported = useq.MDASequence.model_validate(yaml.safe_load(export_useq(plan)))
    theirs = [
        (time_, [_shot(event) for event in events])
        for (time_, _), events in groupby(exported, key=_place)
    ]
    visits = baseline_visits(plan)
    assert [(v.round, [_shot(e) for e in v.events]) for v in visits] == theirs
    due = {event.index.get("t", 0): event.min_start_time or 0.0 for event in exported}
    assert {v.round: v.due_s for v in visits} == due


def test_plans_in_words_are_read_back_to_the_same_values() -> None:
    rng = Random(2026)
    lost: list[str] = []
    for number in range(PLANS):
        plan = random_plan(rng)
        words = describe(facts_of(plan))
        differs = differences(facts_of(plan), read(words))
        if differs:
            lost.append(f"{number}: {words}\n    " + "\n    ".join(differs))
    assert not lost, f"{len(lost)} of {PLANS} differ:\n" + "\n".join(lost[:SHOWN])


def test_a_description_is_read_at_once() -> None:
    rng = Random(7)
    spent = []
    for _ in range(10):
        words = describe(facts_of(random_plan(rng)))
        start = time.perf_counter()
        read(words)
        spent.append(time.perf_counter() - start)
    assert sorted(spent)[len(spent) // 2] < 1.0  # far above what it takes: a hang shows, a busy
    # machine does not


def read(words: str) -> Proposal:
    """What the embedded planner makes of words."""
    config, facts = microscope()
    return propose(understand(words, config, NOW), config, facts)


def differences(want: dict[str, Any], proposal: Proposal) -> list[str]:
    """Where a proposal differs from the facts of a plan; a line each."""
    if proposal.plan is None:
        asked = [f"asks {q.slot}: {q.text}" for q in proposal.draft.questions]
        return asked + [f"refuses {no}" for no in proposal.draft.refusals] or ["no plan"]
    got = facts_of(proposal.plan)
    return [
        f"{slot}: {want.get(slot)!r} -> {got.get(slot)!r}"
        for slot in sorted({*want, *got})
        if slot not in want or slot not in got or not _equal(slot, got[slot], want[slot])
    ]


def _equal(slot: str, got: Any, want: Any) -> bool:
    """`same`, and in the same order where the order is that of acquisition."""
    return same(got, want) and (slot not in _ORDERED or tuple(got) == tuple(want))


def _place(event: useq.MDAEvent) -> tuple[int, tuple[int, int]]:
    return event.index.get("t", 0), (event.index.get("p", 0), event.index.get("g", 0))


def _shot(event: useq.MDAEvent) -> tuple[Any, ...]:
    channel = event.channel.config if event.channel else None
    place = (event.x_pos, event.y_pos, event.z_pos)
    return (*place, channel, event.exposure, event.index.get("z", 0))
