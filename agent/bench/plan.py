"""`microscout bench plan`: how often the planner understands what people ask for.

Each line of a file is an instruction with the facts that a right plan holds, or says that the
planner must ask, refuse or answer. A wrong value is counted apart: it is worse than a question.
"""

from __future__ import annotations

import datetime as dt
import json as jsonlib
import math
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.bench.machine import machine
from agent.finding import config_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from agent.planner.proposal import Proposal

NOW = "2026-11-25T18:00"  # where a line does not say when it is
CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Line:
    """One instruction of a set."""

    id: str
    instruction: str
    outcome: str
    facts: Mapping[str, Any]
    about: tuple[str, ...]
    lang: str = "en"
    microscope: str = "demo"
    now: str = NOW
    also: tuple[str, ...] = ()  # other outcomes that are as right
    document: tuple[str, str] | None = None  # name and text of one that was learned


@dataclass(frozen=True, slots=True)
class Score:
    """What became of one instruction.

    Attributes
    ----------
    right : outcome and every listed fact.
    wrong : facts with a value other than the expected one, a plan where it had to ask, and
        anything that was planned where it had to refuse.
    missing : expected facts that were not understood.
    """

    line: Line
    outcome: str
    right: bool
    facts_right: int
    wrong: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)


def read_set(path: Path) -> list[Line]:
    """Read a JSON Lines file. Raises ConfigError, naming the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise config_error(path, f"cannot be read ({error})", "give a JSON Lines file") from None
    lines = []
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip():
            continue
        try:
            data = jsonlib.loads(row)
            expect = data["expect"]
            line = Line(
                str(data.get("id", number)),
                data["instruction"],
                expect["outcome"],
                expect.get("facts") or {},
                tuple(expect.get("about") or ()),
                data.get("lang", "en"),
                data.get("microscope", "demo"),
                data.get("now") or NOW,
                tuple(expect.get("also") or ()),
                (document["name"], document["text"])
                if (document := data.get("document"))
                else None,
            )
            if line.outcome not in ("plan", "ask", "refuse", "answer"):
                raise ValueError(f"outcome {line.outcome!r}")
            dt.datetime.fromisoformat(line.now)
        except (ValueError, KeyError, TypeError) as error:
            message = f"is no instruction with what to expect ({error})"
            remedy = 'write {"instruction": "...", "expect": {"outcome": "plan", "facts": {}}}'
            raise config_error(path, message, remedy, line=number) from None
        lines.append(line)
    return lines


def score(line: Line, proposal: Proposal, seconds: float = 0.0) -> Score:
    """Compare what was understood with what was expected."""
    got = understood(proposal)
    outcome = str(proposal.outcome)
    if outcome in line.also:
        return Score(line, outcome, True, 0, seconds=seconds)
    wrong, missing, good = [], [], 0
    for name, value in line.facts.items():
        if line.outcome in ("refuse", "answer"):
            break
        if name not in got:
            if value is None:
                good += 1
            elif outcome in ("plan", "ask"):
                missing.append(name)
        elif value is None or not same(got[name], value):
            wrong.append(f"{name}: {got[name]!r} instead of {value!r}")
        else:
            good += 1
    if line.outcome == "ask" and outcome == "plan":
        wrong.append(f"planned where it had to ask about {', '.join(line.about)}")
    if line.outcome in ("refuse", "answer") and outcome == "plan":
        wrong.append(f"planned where it had to {line.outcome}")
    asked = {question.slot for question in proposal.draft.questions}
    about = line.outcome != "ask" or not line.about or any(_near(a, asked) for a in line.about)
    if outcome in ("refuse", "answer") and line.outcome != outcome:
        wrong = [w for w in wrong if not w.startswith(tuple(line.facts))]  # nothing was planned
    right = outcome == line.outcome and not wrong and not missing and about
    return Score(line, outcome, right, good, tuple(wrong), tuple(missing), seconds)


def understood(proposal: Proposal) -> dict[str, Any]:
    """Slot -> value: of the draft, and of the plan where there is one."""
    from agent.planner.facts import facts_of

    draft = proposal.draft
    asked = {question.slot for question in draft.questions}
    said = {slot: s.value for slot, s in draft.said.items() if slot not in asked}
    return {**(facts_of(proposal.plan) if proposal.plan is not None else {}), **said}


def same(got: Any, want: Any) -> bool:
    """Equal values: numbers to six digits, lists as sets unless they are pairs."""
    if isinstance(want, bool) or isinstance(got, bool):
        return got is want
    if isinstance(want, int | float) and isinstance(got, int | float):
        return math.isclose(got, want, rel_tol=CLOSE, abs_tol=CLOSE)
    if isinstance(want, list | tuple) and isinstance(got, list | tuple):
        if any(isinstance(item, list | tuple) for item in want):
            return len(got) == len(want) and all(
                all(same(a, b) for a, b in zip(g, w, strict=True))
                for g, w in zip(got, want, strict=True)
            )
        return {str(g).casefold() for g in got} == {str(w).casefold() for w in want}
    return str(got).casefold() == str(want).casefold()


def _near(about: str, asked: set[str]) -> bool:
    """Whether a question is about this, or about a part or the whole of it."""
    return any(
        about == slot
        or about.startswith(f"{slot}.")
        or slot.startswith(f"{about}.")
        or slot.startswith("unclear")
        or {about, slot} <= {"duration_s", "rounds", "phases", "interval_s"}
        or {about, slot} <= {"positions", "wells", "plate", "positions.count"}
        for slot in asked
    )


def run_set(lines: Sequence[Line], planner: Callable[[Line], Proposal]) -> Iterator[Score]:
    """Score every line; a planner that raises is a wrong one."""
    for line in lines:
        start = time.perf_counter()
        proposal = planner(line)
        yield score(line, proposal, time.perf_counter() - start)


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """Figures of a set, whole and by language and expected outcome."""

    def figures(part: Sequence[Score]) -> dict[str, Any]:
        facts = sum(len(s.line.facts) for s in part if s.line.outcome in ("plan", "ask"))
        return {
            "instructions": len(part),
            "right": sum(s.right for s in part) / len(part),
            "wrong_value": sum(bool(s.wrong) for s in part) / len(part),
            "facts_right": sum(s.facts_right for s in part) / facts if facts else None,
        }

    by: dict[str, dict[str, Any]] = {"language": {}, "expected": {}}
    kinds: tuple[tuple[str, Callable[[Score], str]], ...] = (
        ("language", lambda s: s.line.lang),
        ("expected", lambda s: s.line.outcome),
    )
    for key, of in kinds:
        for name in dict.fromkeys(of(s) for s in scores):
            by[key][name] = figures([s for s in scores if of(s) == name])
    times = sorted(s.seconds for s in scores)
    return {
        **figures(scores),
        "median_ms": statistics.median(times) * 1000,
        "p99_ms": times[min(len(times) - 1, int(0.99 * len(times)))] * 1000,
        "by": by,
        "wrong_by_fact": Counter(w.partition(":")[0] for s in scores for w in s.wrong),
    }


def bench_plan(path: Path, *, json: bool, verbose: bool = False) -> int:
    """Print the figures of a set; `verbose`: every line that is not right."""
    from agent.planner.planner import embedded_planner

    lines = read_set(path)
    if not lines:
        raise config_error(path, "no instructions in it", "write one JSON object per line")
    planner = embedded_planner()
    planner(lines[0])  # what is loaded once is not counted
    scores = list(run_set(lines, planner))
    told = {"bench": "plan", "set": path.name, "machine": machine(), **summary(scores)}
    if verbose:
        for s in scores:
            if not s.right:
                print(f"{s.line.id} [{s.line.outcome} -> {s.outcome}] {s.line.instruction}")
                for text in (*s.wrong, *(f"missing {m}={s.line.facts[m]}" for m in s.missing)):
                    print(f"    {text}")
    if json:
        print(jsonlib.dumps(told))
    else:
        print(
            f"{told['instructions']} instructions: {told['right']:.1%} right, "
            f"{told['wrong_value']:.1%} with a wrong value, {told['facts_right']:.1%} of facts; "
            f"median {told['median_ms']:.0f} ms, p99 {told['p99_ms']:.0f} ms"
        )
        for key, parts in told["by"].items():
            for name, f in parts.items():
                print(
                    f"  {key} {name}: {f['instructions']}, {f['right']:.1%} right, "
                    f"{f['wrong_value']:.1%} wrong"
                )
    return 0
