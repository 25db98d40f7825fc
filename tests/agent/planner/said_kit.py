"""Instructions and what is made of them on the demo microscope, for tables of cases."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from agent.check import InstrumentFacts, instrument_facts
from agent.load import load_microscope
from agent.planner import clauses as _clauses
from agent.planner.draft import Draft
from agent.planner.lexicon import lexicon
from agent.planner.marks import language_of, marks
from agent.planner.normal import normal
from agent.planner.proposal import Proposal, propose
from agent.planner.reading.quantity import quantities
from agent.planner.understand import _JOINS, understand
from agent.planner.where import places
from hardware.data import MicroscopeConfig

NOW = dt.datetime(2026, 11, 25, 18, 0)  # a Wednesday
LAPSE = "P1 in GFP every 5 min for 2 h"  # a whole plan, to which a case adds one thing
ABSENT = object()  # of a slot that the words must not fill


@lru_cache(maxsize=1)
def _loaded() -> tuple[MicroscopeConfig, InstrumentFacts]:
    loaded = load_microscope("demo")
    return loaded.config, instrument_facts(loaded)


def demo() -> MicroscopeConfig:
    """The microscope `demo`."""
    return _loaded()[0]


def draft(words: str) -> Draft:
    """What the words say."""
    return understand(words, demo(), NOW)


def proposed(words: str) -> Proposal:
    """What becomes of them."""
    return propose(draft(words), *_loaded())


def of(start: Draft) -> Proposal:
    """What becomes of a draft."""
    return propose(start, *_loaded())


def check(words: str, facts: dict[str, Any]) -> None:
    """Assert the slots that the words fill, and those that they must leave alone (ABSENT)."""
    got = {slot: said.value for slot, said in draft(words).said.items()}
    assert {slot: got.get(slot, ABSENT) for slot in facts} == facts, words


def asked(said: Proposal) -> list[str]:
    """The slots that are asked about, without the numbers of unclear ones."""
    return [question.slot for question in said.draft.questions]


def rules(said: Proposal | Draft) -> list[str]:
    """The rules by which something is refused."""
    refused = said.draft.refusals if isinstance(said, Proposal) else said.refusals
    return [no.rule for no in refused]


def clauses_of(words: str) -> list[tuple[str, str]]:
    """(words, what they are about) of every clause, cut as the planner cuts them."""
    language = language_of(words)
    lex = lexicon(language)
    text = normal(words, lex).text
    signs = marks(text, lex)
    spots = places(text, language, tuple(demo().positions)).spans
    amounts = [q.span for q in quantities(text, NOW, language)]
    held = sorted((s.start, s.end) for s in (*amounts, *spots))
    cut = _clauses.clauses(text, signs, held, _JOINS, [s.start for s in spots])
    return [(text[c.start : c.end].strip(" ,;.:"), str(c.about)) for c in cut]
