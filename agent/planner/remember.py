"""What an instruction says of documents and past runs: "our HeLa protocol", "same as last Tuesday".

Text of documents is data. It fills slots like an instruction's words, each value citing its
passage, and the person's own words go before it; nothing in it is ever obeyed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.load import parse_plan
from agent.memory.data import Ambiguous
from agent.memory.memory import Memory
from agent.memory.past import which_document, which_run
from agent.memory.where import memory_folder
from agent.planner.draft import Intent, Question, Said
from agent.planner.revise import overlay
from agent.planner.source import Cited, Words
from agent.planner.understand import understand

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from agent.memory.data import Document, Passage
    from agent.planner.chat import Told
    from agent.planner.draft import Draft
    from agent.planner.readers import Reader
    from hardware.data import MicroscopeConfig

_DOCUMENT = re.compile(
    r"\b(use|using|with|per|according to|follow(ing)?|as in|as per|from|by|like( in)?|run|our|my"
    r"|the lab'?s"
    r"|everything|nach|laut|gemäß|unser\w*|wie (in|im)|selon|notre|d'après|comme dans|secondo"
    r"|nostro|come da"
    r"|según|nuestro|como en)\b[^.;\n]{0,40}?\b(protocol|sop|procedure|recipe|standard settings"
    r"|protokoll|vorschrift|anleitung|protocole"
    r"|procédure|protocollo|procedura|protocolo|procedimiento)s?\b",
    re.I,
)
_RUN = re.compile(
    r"\b(same|as (last|before|on|yesterday)|like (last|on|yesterday|the)|repeat|again|redo"
    r"|wie (letzt\w*"
    r"|gestern|am|beim)|nochmal|wiederhol\w*|gleiche|dasselbe|comme|refais|pareil|même|come"
    r"|stess[oa]"
    r"|ripeti|igual|como|mism[oa]|repite)\b",
    re.I,
)
_IMAGING = re.compile(
    r"imag|acqui|microscop|time[- ]?lapse|channel|exposure|z[- ]?stack|aufnahm|belicht|kanal"
    r"|mikroskop"
    r"|bild|poser?|canal|pile|objecti|objekti|obietti|objetiv",
    re.I,
)
# an answer to a question is never taken from a document: where and for whom is a person's matter
_NOT_FROM_DOCUMENTS = ("notify.", "start_at", "budget.", "search.", "stop.")


class RememberingReader:
    """A reader that looks up what an instruction refers to, and reads the rest as before."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        self._reader = reader
        self._folder = folder

    def ask(self, instruction: str, config: MicroscopeConfig, now: dt.datetime) -> Told:
        """What a model says."""
        return self._reader.ask(instruction, config, now)

    def draft(
        self, instruction: str, told: Told, config: MicroscopeConfig, now: dt.datetime
    ) -> Draft:
        """The draft, with what documents and past runs add to it."""
        own = self._reader.draft(instruction, told, config, now)
        if own.refusals or own.intent is not Intent.PLAN:
            return own
        with Memory(self._folder) as memory:
            if _RUN.search(instruction):
                like = _like_a_run(own, memory, config, now)
                if like is not None:
                    return like
            if _DOCUMENT.search(instruction):
                return _by_document(own, memory, config, now)
        return own


def remembering(reader: Reader, folder: Path | None) -> Reader:
    """The reader with the memory in `folder` (None: the user's)."""
    return RememberingReader(reader, memory_folder(folder))


def _like_a_run(
    own: Draft, memory: Memory, config: MicroscopeConfig, now: dt.datetime
) -> Draft | None:
    runs = memory.runs()
    found = which_run(own.instruction, now, runs)
    if found is None:
        return None
    if isinstance(found, Ambiguous):
        names = tuple(run.name for run in found.choices)
        return own.asking(Question("run", f"which run do you mean ({found.why})?", names))
    plan = parse_plan(found.plan, found.name)
    draft, _ = overlay(plan, own, config, Cited(found.name, "plan", found.goal))
    kept = tuple(
        q for q in draft.questions if q.slot != "change"
    )  # "the same again" changes nothing
    return replace(draft, questions=kept, notes=(*draft.notes, f"based on run {found}"))


def _by_document(own: Draft, memory: Memory, config: MicroscopeConfig, now: dt.datetime) -> Draft:
    found = which_document(own.instruction, memory)
    if found is None:
        known = tuple(item.name for item in memory.listed())
        text = "which document do you mean? Nothing that was learned has these words"
        return own.asking(Question("document", text, known[:6]))
    if isinstance(found, Ambiguous):
        names = tuple(hit.document for hit in found.choices)
        return own.asking(Question("document", f"which document do you mean ({found.why})?", names))
    document = memory.document(found.document)
    return own if document is None else with_document(own, document, config, now)


def with_document(
    own: Draft, document: Document, config: MicroscopeConfig, now: dt.datetime
) -> Draft:
    """The draft with the values of a document's imaging passages where it has none itself."""
    said: dict[str, Said] = {}
    notes = [f"read from {document.name}"]
    clashes: dict[str, tuple[Said, Said]] = {}
    headed = [p for p in document.passages if _IMAGING.search(p.heading.rpartition(" > ")[2])]
    for passage in headed or document.passages:
        if passage.suspicious:
            notes.append(
                f"{document.name}, {passage.place}: {passage.suspicious}; nothing of it was taken"
            )
            continue
        if not _IMAGING.search(f"{passage.heading} {passage.text}"):
            continue
        for one in _read(passage, document, config, now):
            before = said.setdefault(one.slot, one)
            if before.value != one.value:
                clashes.setdefault(one.slot, (before, one))
    mine = own.said
    where = {"positions", "positions.all", "positions.count", "wells", "plate"}
    if where & set(mine):
        said = {slot: s for slot, s in said.items() if slot not in where}
    if {"duration_s", "rounds", "phases", "once"} & set(mine):
        for slot in ("duration_s", "rounds", "phases"):
            said.pop(slot, None)
    asked = [
        Question(slot, f"{document.name} says both {a.source} and {b.source}; which one holds?")
        for slot, (a, b) in clashes.items()
        if slot not in mine
    ]
    for slot in clashes:
        said.pop(slot, None)
    return replace(own, said={**said, **mine}, notes=(*own.notes, *notes)).asking(*asked)


def _read(
    passage: Passage, document: Document, config: MicroscopeConfig, now: dt.datetime
) -> list[Said]:
    draft = understand(passage.text, config, now)
    taken = []
    for slot, said in draft.said.items():
        if slot.startswith(_NOT_FROM_DOCUMENTS) or not isinstance(said.source, Words):
            continue
        quote = " ".join(said.source.text.split())
        taken.append(Said(slot, said.value, Cited(document.name, passage.place, quote)))
    return taken
