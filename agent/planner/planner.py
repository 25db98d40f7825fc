"""The planner that needs no network, as one function: for benches and tests."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from agent.check import instrument_facts
from agent.finding import ConfigError
from agent.load import load_microscope
from agent.memory.memory import Memory
from agent.planner.chat import Told
from agent.planner.proposal import Proposal, propose
from agent.planner.readers import EmbeddedReader
from agent.planner.remember import RememberingReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.bench.plan import Line
    from agent.check import InstrumentFacts
    from hardware.data import MicroscopeConfig


def embedded_planner() -> Callable[[Line], Proposal]:
    """Plans a line of a set; microscopes are loaded once, documents are learned for their line."""
    known: dict[str, tuple[MicroscopeConfig, InstrumentFacts]] = {}

    def plan(line: Line) -> Proposal:
        if line.microscope not in known:
            loaded = load_microscope(line.microscope)
            known[line.microscope] = loaded.config, instrument_facts(loaded)
        config, facts = known[line.microscope]
        now = dt.datetime.fromisoformat(line.now)
        with tempfile.TemporaryDirectory() as folder:
            if line.document is not None:
                _learn(Path(folder), *line.document)
            reader = RememberingReader(EmbeddedReader(), Path(folder) / "memory")
            return propose(reader.draft(line.instruction, Told(), config, now), config, facts)

    return plan


def _learn(folder: Path, name: str, text: str) -> None:
    path = folder / (Path(name).name or "protocol.md")
    if not path.suffix:
        path = path.with_suffix(".md")
    path.write_text(text, encoding="utf-8")
    with Memory(folder / "memory") as memory, contextlib.suppress(ConfigError):
        memory.learn(path)  # what cannot be learned is not there
