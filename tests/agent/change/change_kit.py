"""Changes of small runs: told by another connection, as another process would."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from run_kit import demo, ends, opened, scripted, wants

from agent.change.request import Visitor
from agent.dump import dump_model, dump_plan
from agent.plan import Plan
from agent.rundir import RunDir

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.change.request import Asked
    from agent.session import Ending, Session
    from policies.action import Decision
    from policies.verdict import Verdict


def changed(plan: Plan, **keys: Any) -> Plan:
    """A plan with dotted keys (``baseline__time_plan__loops``) set anew."""
    data = plan.model_dump(exclude_unset=True)
    for key, value in keys.items():
        *above, last = key.split("__")
        node: Any = data
        for step in above:
            if isinstance(node, dict):
                node = node.setdefault(step, {})
            else:
                node = node[int(step)]
        if isinstance(node, dict):
            node[last] = value
        else:
            node[int(last)] = value
    return Plan.model_validate(data)


def every(plan: Plan, interval_s: float, rounds: int) -> Plan:
    """Another pace."""
    return changed(plan, baseline__time_plan={"interval": interval_s, "loops": rounds})


def without(plan: Plan, *fields: str) -> Plan:
    """Some fields left out."""
    kept = [p for p in plan.baseline.model_dump()["stage_positions"] if p["name"] not in fields]
    return changed(plan, baseline__stage_positions=kept)


def begun(session: Session) -> None:
    """Begin with the keys that the command line writes."""
    session.journal.records.set(
        plan=dump_plan(session.plan), microscope=dump_model(demo()), kind="rehearse", name="test"
    )
    session.begin()


def ask(run: Path, new: Plan, words: str = "so", **more: Any) -> Asked:
    """Ask for a change, as another process."""
    with contextlib.closing(Visitor(RunDir(run))) as visitor:
        return visitor.ask(new, words, "Ada", **more)


def told(run: Path, new: Plan, words: str = "so") -> Asked:
    """Ask for a change and confirm it."""
    asked = ask(run, new, words)
    assert not asked.weighed.against, asked.weighed.against
    with contextlib.closing(Visitor(RunDir(run))) as visitor:
        assert visitor.changes.confirm(asked.id)
    return asked


def undone(run: Path) -> Asked:
    """Take the last change back, and confirm that."""
    with contextlib.closing(Visitor(RunDir(run))) as visitor:
        last = visitor.changes.undoable()
        assert last is not None
        asked = visitor.ask(visitor.before(last), f"undo {last.id}", "Ada", last)
        assert visitor.changes.confirm(asked.id)
        return asked


def run_with(
    run: Path,
    plan: Plan,
    does: dict[int, Callable[[], object]],
    acts: Callable[[int, Verdict], tuple[Any, ...]] = lambda *_: (),
    **how: Any,
) -> Ending:
    """A whole run; at its n-th decision somebody does something (tells it something)."""

    def script(n: int, verdict: Verdict) -> Decision:
        if n in does:
            does.pop(n)()
        return wants(verdict, *acts(n, verdict))

    with scripted(script), opened(run, plan, **how) as session:
        begun(session)
        return ends(session)
