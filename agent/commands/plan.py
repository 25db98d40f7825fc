"""`microscout plan`: an instruction in plain words becomes a plan, checked at a glance."""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import json as jsonlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.check import instrument_facts
from agent.finding import config_error
from agent.load import dump_plan, load_microscope
from agent.newfile import refuse_existing, whole
from agent.planner.graph import PlannerGraph
from agent.planner.proposal import Outcome
from agent.planner.remember import remembering
from agent.planner.sessions import conversation, conversations, new_thread
from agent.planner.show import asked, show, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from agent.load import LoadedMicroscope
    from agent.planner.proposal import Proposal
    from agent.planner.readers import Reader

EXIT = {Outcome.PLAN: 0, Outcome.ANSWER: 0, Outcome.ASK: 3, Outcome.REFUSE: 2}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for.

    Attributes
    ----------
    microscope : shipped name or file.
    model : a chat model; None for the embedded planner.
    answers : given beforehand, slot -> words.
    yes : nobody is asked to confirm.
    """

    microscope: str
    model: str | None = None
    base_url: str | None = None
    answers: Mapping[str, str] | None = None
    yes: bool = False
    memory: Path | None = None


def answers_of(given: Sequence[str]) -> dict[str, str]:
    """SLOT=WORDS as a dictionary. Raises ConfigError."""
    answers = {}
    for one in given:
        slot, equals, words = one.partition("=")
        if not equals or not slot.strip() or not words.strip():
            raise config_error(f"--answer {one}", "is not SLOT=WORDS", "write duration_s='12 h'")
        answers[slot.strip()] = words.strip()
    return answers


def plan(words: str, wanted: Wanted, out: Path | None, resume: str | None, *, json: bool) -> int:
    """Exit code 0 with a plan or an answer, 2 when refused, 3 when questions are left open."""
    if out is not None:
        refuse_existing(out)
    if not words.strip() and resume is None:
        raise config_error("plan", "no instruction", 'say what you want: microscout plan "..."')
    with conversing(words, wanted, resume) as (graph, thread):
        proposal = talk(graph, thread, wanted, ask=not json and sys.stdin.isatty())
        text = dump_plan(proposal.plan) if proposal.plan is not None else ""
        _record_refusal(graph, thread, proposal)
        if json:
            print(jsonlib.dumps(as_json(proposal, thread, text)))
        else:
            print(show(proposal))
            if text and out is None:
                print(f"\n{text}", end="")
            if proposal.outcome is Outcome.ASK:
                print(f"\nAnswer with: microscout plan --resume {thread} --answer SLOT=WORDS")
    if out is not None and text:
        with whole(out) as part:
            part.write_text(text, encoding="utf-8")
        print(f"written: {out}", file=sys.stderr)
    return EXIT[proposal.outcome]


@contextlib.contextmanager
def conversing(
    words: str, wanted: Wanted, resume: str | None
) -> Iterator[tuple[PlannerGraph, str]]:
    """A conversation begun with words, or one that was left open."""
    with conversations() as saver:
        thread = resume or new_thread()
        named = wanted.microscope
        if resume is not None:
            kept = conversation(saver, resume)
            if kept is None:
                raise config_error(resume, "no such conversation", "give the id that plan printed")
            named = kept.state.get("microscope") or named
        microscope = load_microscope(named)
        graph = _graph(microscope, wanted, saver, named)
        if resume is None:
            graph.begin(thread, words, dt.datetime.now().replace(second=0, microsecond=0))
        yield graph, thread


def _graph(microscope: LoadedMicroscope, wanted: Wanted, saver: Any, named: str) -> PlannerGraph:
    facts = instrument_facts(microscope)
    reader = remembering(_reader(wanted), wanted.memory)
    return PlannerGraph(reader, microscope.config, facts, saver, named)


def _reader(wanted: Wanted) -> Reader:
    if wanted.model is None:
        from agent.planner.readers import EmbeddedReader

        return EmbeddedReader()
    from agent.planner.chat import ChatReader
    from agent.planner.chat_options import ChatOptions

    return ChatReader(ChatOptions(model=wanted.model, base_url=wanted.base_url))


def talk(graph: PlannerGraph, thread: str, wanted: Wanted, *, ask: bool) -> Proposal:
    """Answers given beforehand, then those of the person at the terminal; where it stands then."""
    given = dict(wanted.answers or {})
    while (waiting := graph.waiting(thread)) and "questions" in waiting:
        slots = [question["slot"] for question in waiting["questions"]]
        answers = {slot: given.pop(slot) for slot in slots if slot in given}
        if not answers and ask:
            question = graph.proposal(thread).draft.questions[0]
            print(asked(question), file=sys.stderr)
            line = input("> ").strip()
            if not line:
                break
            answers = {question.slot: line}
        if not answers:
            break
        graph.answer(thread, answers)
    if given:
        asked_for = ", ".join(q.slot for q in graph.proposal(thread).draft.questions) or "nothing"
        remedy = f"asked about: {asked_for}"
        raise config_error(", ".join(given), "nothing is asked about that", remedy)
    if wanted.yes and "confirm" in (graph.waiting(thread) or {}):
        graph.confirm(thread, getpass.getuser())
    return graph.proposal(thread)


def _record_refusal(graph: PlannerGraph, thread: str, proposal: Proposal) -> None:
    """Refused wishes stay on record with the words that were refused."""
    if proposal.draft.refusals:
        from agent.planner.refused import record

        record(graph.state(thread)["instruction"], proposal.draft.refusals)


def as_json(proposal: Proposal, thread: str, text: str) -> dict[str, Any]:
    """For other programs."""
    draft = proposal.draft
    return {
        "outcome": str(proposal.outcome),
        "conversation": thread,
        "understood": [
            {
                "slot": s.slot,
                "value": s.value,
                "words": told(s.slot, s.value),
                "source": str(s.source),
            }
            for s in draft.said.values()
        ],
        "questions": [
            {"slot": q.slot, "text": q.text, "choices": q.choices, "proposed": q.proposed}
            for q in draft.questions
        ],
        "refusals": [
            {"rule": r.rule, "what": r.what, "bound": r.bound, "remedy": r.remedy}
            for r in draft.refusals
        ],
        "notes": draft.notes,
        "answer": proposal.answer,
        "plan": text,
    }
