"""`microscout bench readers`: what the embedded planner was chosen from.

Rules, a sentence encoder and both, by how often a quantity of an instruction gets the slot that a
right plan has, and by whether a plan is wanted at all; the whole planner on both sets; and a small
language model: how long a form takes, and how much of it is right.
"""

from __future__ import annotations

import json as jsonlib
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.machine import machine
from agent.bench.plan import Line, read_set, run_set, summary
from agent.bench.readers_model import language_model
from agent.bench.readers_roles import amounts, drafted, roles
from agent.finding import config_error
from agent.memory.encoder import shared_encoder
from agent.planner.planner import embedded_planner

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def bench_readers(train: Path, test: Path, *, json: bool) -> int:
    """Learn from the first set, compare on the second; exit code 0.

    Raises ConfigError where a set cannot be read or has nothing to compare.
    """
    learned, given = read_set(train), read_set(test)
    known = {line.instruction for line in learned}
    asked = [line for line in given if line.instruction not in known]
    for path, lines in ((train, learned), (test, asked)):
        if not any(line.outcome == "plan" and line.facts for line in lines):
            message = "has no instruction with facts of a plan that the other set lacks"
            raise config_error(path, message, "give two sets of different instructions")
    told = {
        "bench": "readers",
        "machine": machine(),  # before anything here makes it busy
        "trained_on": train.name,
        "tested_on": test.name,
        "left_out_as_in_both": len(given) - len(asked),
        **roles(amounts(learned), amounts(asked)),
        "rules_ms_per_instruction": _rules_ms(asked),
        "intent": _intent(learned, asked),
        "planner": {train.name: _whole(learned), test.name: _whole(given)},
        "language_model": language_model(learned, asked),
    }
    print(jsonlib.dumps(told, indent=None if json else 2))
    return 0


def _rules_ms(lines: Sequence[Line]) -> float:
    took = []
    for line in lines:
        start = time.perf_counter()
        drafted(line)
        took.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(took), 1)


def _wanted(outcome: str) -> str:
    return "plan" if outcome in ("plan", "ask") else outcome


def _intent(learned: Sequence[Line], asked: Sequence[Line]) -> dict[str, Any]:
    """Share of right intents: a plan (or a question on the way to one), an answer, a refusal.

    `planner` is the whole of it: what rules alone let pass may be refused by the checks.
    """
    encode = shared_encoder().encode
    vectors, wants = encode([x.instruction for x in learned]), [_wanted(x.outcome) for x in learned]
    names = sorted(set(wants))
    means = np.stack([vectors[[w == name for w in wants]].mean(axis=0) for name in names])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    near = np.argmax(encode([x.instruction for x in asked]) @ means.T, axis=1)
    planner = embedded_planner()
    given = {
        "rules": [str(drafted(x).intent) for x in asked],
        "planner": [_wanted(str(planner(x).outcome)) for x in asked],
        "encoder": [names[i] for i in near],
    }
    wanted = [{_wanted(o) for o in (x.outcome, *x.also)} for x in asked]
    right = {k: [g in w for g, w in zip(v, wanted, strict=True)] for k, v in given.items()}
    return {
        key: {
            "right": round(sum(hits) / len(asked), 3),
            **{
                name: round(float(np.mean(part)), 3)
                for name in names
                if (
                    part := [
                        h for h, x in zip(hits, asked, strict=True) if _wanted(x.outcome) == name
                    ]
                )
            },
        }
        for key, hits in right.items()
    }


def _whole(lines: Sequence[Line]) -> dict[str, Any]:
    planner = embedded_planner()
    planner(lines[0])  # what is loaded once is not counted
    told = summary(list(run_set(lines, planner)))
    keys = ("instructions", "right", "wrong_value", "facts_right", "median_ms")
    return {k: round(told[k], 3) if isinstance(told[k], float) else told[k] for k in keys}
