"""A chat model for the planner's tests: the loopback server of the chat judge's, and forms."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2] / "policies"))

from chat_server import Server, completion, serving

from agent.check import instrument_facts
from agent.load import load_microscope
from agent.planner.chat import ChatReader
from agent.planner.chat_options import ChatOptions
from agent.planner.draft import Draft, Said
from agent.planner.source import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check import InstrumentFacts
    from hardware.data import MicroscopeConfig

NOW = dt.datetime(2026, 11, 25, 18, 0)
KEY = "sk-dummy-of-a-test"
MODEL = "openai:tiny"


@lru_cache(maxsize=1)
def _loaded() -> tuple[MicroscopeConfig, InstrumentFacts | None]:
    loaded = load_microscope("demo")
    return loaded.config, instrument_facts(loaded)


def demo() -> MicroscopeConfig:
    """The microscope `demo`."""
    return _loaded()[0]


def facts() -> InstrumentFacts | None:
    """What its .cfg says."""
    return _loaded()[1]


def item(slot: str, quote: str, *value: str) -> dict[str, Any]:
    """One item of a form."""
    return {"slot": slot, "quote": quote, "value": list(value)}


def form(*items: dict[str, Any], intent: str = "plan", refused: str = "") -> dict[str, Any]:
    """A form as a model sends it."""
    return {"intent": intent, "refused": refused, "items": list(items)}


def reply(content: Any, *, tokens: tuple[int, int] = (100, 50), **more: Any) -> tuple[int, Any]:
    """A reply of the server with its count of tokens, in and out."""
    body = completion(content, **more)
    sent, got = tokens
    body["usage"] = {"prompt_tokens": sent, "completion_tokens": got, "total_tokens": sent + got}
    return 200, body


def said(text: str, slot: str, value: Any, words: str) -> Said:
    """A value with its words in a text."""
    start = text.index(words)
    return Said(slot, value, Words(start, start + len(words), words))


def drafting(draft: Draft) -> Any:
    """An embedded reader that made this draft of its instruction, and nothing of anything else."""

    def read(text: str, config: MicroscopeConfig, now: dt.datetime) -> Draft:
        return draft if text == draft.instruction else Draft(text)

    return read


@contextlib.contextmanager
def reading(
    *replies: Any, embedded: Draft | None = None, **options: Any
) -> Iterator[tuple[ChatReader, Server]]:
    """A reader of a model that replies so, and its server."""
    with serving(*replies) as server:
        settings = ChatOptions(model=MODEL, base_url=server.url, **options)
        more = {} if embedded is None else {"embedded": drafting(embedded)}
        yield ChatReader(settings, **more), server
