"""Changes of a running plan, as every door asks for them."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

from agent.change.adopt import read_plan
from agent.change.request import Visitor
from agent.finding import ConfigError
from agent.journal.changes import ChangeWaits
from agent.journal.states import ChangeState
from agent.rundir import existing
from agent.service.refusing import no
from agent.service.views import ChangeView, DiffView, QuestionView, RefusalView

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.change.effect import Effect
    from agent.journal.changes import ChangeRow
    from agent.plan import Plan


def tell(experiment: int, run: Path, words: str, who: str) -> ChangeView:
    """Weigh a change in words and write it down; a refused one too."""
    from agent.planner.revise import revise

    with _visit(run) as visitor:
        revision = revise(visitor.plan, words, visitor.config, dt.datetime.now())
        if revision.plan is None or revision.refusals or revision.questions:
            return _nothing(experiment, words, who, revision)
        return _ask(experiment, visitor, revision.plan, words, who, None)


def undo(experiment: int, run: Path, who: str) -> ChangeView | RefusalView:
    """Ask to take the last change in force back."""
    with _visit(run) as visitor:
        last = visitor.changes.undoable()
        if last is None:
            return no("undo", "the last change", "no change is in force", "Nothing to undo.")
        words = f"undo change {last.id}: {last.words}"
        return _ask(experiment, visitor, visitor.before(last), words, who, last)


def confirm(experiment: int, run: Path, change: int) -> ChangeView | RefusalView:
    """A person says yes: applied before the next visit."""
    with _visit(run) as visitor:
        if not visitor.changes.confirm(change):
            return no("change", f"change {change}", "it is not waiting for that", "Ask anew.")
        return _found(experiment, visitor, change)


def refuse(experiment: int, run: Path, change: int, who: str) -> ChangeView | RefusalView:
    """A person says no, before it is applied."""
    with _visit(run) as visitor:
        if not visitor.changes.refuse(change, f"denied by {who}"):
            return no("change", f"change {change}", "it is settled already", "Undo it instead.")
        return _found(experiment, visitor, change)


def all_of(experiment: int, run: Path) -> list[ChangeView]:
    """Every change asked for, latest first."""
    try:
        with _visit(run) as visitor:
            return [_weighed(experiment, visitor, row) for row in reversed(visitor.changes.all())]
    except ConfigError:
        return []


def refused_at_once(experiment: int, words: str, who: str, refusal: RefusalView) -> ChangeView:
    """A change that nothing can be done with."""
    return _refused(experiment, words, who, (refusal,), ())


@contextlib.contextmanager
def _visit(run: Path) -> Iterator[Visitor]:
    with contextlib.closing(Visitor(existing(run))) as visitor:
        yield visitor


def _ask(
    experiment: int, visitor: Visitor, new: Plan, words: str, who: str, undoes: ChangeRow | None
) -> ChangeView:
    try:
        asked = visitor.ask(new, words, who, undoes)
    except ChangeWaits as other:
        refusal = no("change", words, str(other), "Approve or deny that one first.")
        return _refused(experiment, words, who, (refusal,), ())
    view = _found(experiment, visitor, asked.id)
    return view.model_copy(
        update={
            "effect": _effect(asked.weighed.effect),
            "refusals": tuple(
                no(n.key, n.what, n.limit, n.remedy or "Ask for something else.")
                for n in asked.weighed.against
            ),
        }
    )


def _nothing(experiment: int, words: str, who: str, revision: object) -> ChangeView:
    refusals = tuple(
        no(
            str(getattr(r, "rule", "change")),
            str(getattr(r, "what", r)),
            str(getattr(r, "bound", "")),
            str(getattr(r, "remedy", "")),
        )
        for r in getattr(revision, "refusals", ())
    )
    questions = tuple(
        QuestionView(slot=q.slot, text=q.text, choices=tuple(q.choices), proposed=q.proposed)
        for q in getattr(revision, "questions", ())
    )
    if not refusals and not questions:
        refusals = (no("words", words, "they are not understood", "Say it another way."),)
    return _refused(experiment, words, who, refusals, questions)


def _refused(
    experiment: int,
    words: str,
    who: str,
    refusals: tuple[RefusalView, ...],
    questions: tuple[QuestionView, ...],
) -> ChangeView:
    """A change that was never written down: id 0."""
    return ChangeView(
        id=0,
        experiment=experiment,
        words=words,
        who=who,
        utc=dt.datetime.now(dt.UTC),
        diff=(),
        state="refused",
        why="; ".join(f"{r.what}: {r.limit}" for r in refusals) or "questions are open",
        refusals=refusals,
        questions=questions,
    )


def _found(experiment: int, visitor: Visitor, change: int) -> ChangeView:
    return _row(experiment, next(row for row in visitor.changes.all() if row.id == change))


def _weighed(experiment: int, visitor: Visitor, row: ChangeRow) -> ChangeView:
    """A change; with its effect while it waits for an answer."""
    view = _row(experiment, row)
    if row.state is not ChangeState.ASKED:
        return view
    effect = visitor.weigh(read_plan(row.plan)).effect
    return view.model_copy(update={"effect": _effect(effect)})


def _effect(effect: Effect | None) -> tuple[DiffView, ...]:
    lines = effect.lines() if effect is not None else ()
    return tuple(DiffView(key=what, old=old, new=new) for what, old, new in lines)


def _row(experiment: int, row: ChangeRow) -> ChangeView:
    return ChangeView(
        id=row.id,
        experiment=experiment,
        words=row.words,
        who=row.who,
        utc=row.utc,
        diff=tuple(DiffView(key=k, old=old, new=new) for k, old, new in row.diff),
        state=row.state.value,
        why=row.why,
    )
