"""The dialogues in docs/plain_words.md are what the program says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from agent.docs.blocks import content

DOCS = Path(__file__).parents[2] / "docs"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dialogues", DOCS / "dialogues.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["dialogues"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_what_the_program_says_now() -> None:
    page = (DOCS / "plain_words.md").read_text(encoding="utf-8")
    said = script().page()
    assert content(page, "dialogues").strip() == said.strip(), "run: python docs/dialogues.py"
