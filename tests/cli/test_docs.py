"""The documentation says what the program does: keys, commands, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_kit import ROOT, here

from agent.docs import blocks
from agent.docs.reference import FILES, MODELS, generate
from agent.docs.tables import parts, unit_of, words
from agent.plan import Plan
from hardware.data import MicroscopeConfig

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("name", FILES)
def test_the_tables_of_keys_are_those_of_the_models(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert generate(text) == text, "run: python -m agent.docs"


def test_every_key_of_plans_and_microscopes_is_documented() -> None:
    text = (DOCS / "plans.md").read_text(encoding="utf-8")
    named = set(blocks.names(text))
    for root in (Plan, MicroscopeConfig):
        for key, model in parts(root):
            assert f"keys-{model.__name__}" in named, key
            for name in model.model_fields:
                assert f"| `{name}` |" in blocks.content(text, f"keys-{model.__name__}")


def test_nothing_is_documented_that_is_no_key() -> None:
    for model, keys in words().items():
        assert set(keys) == set(MODELS[model].model_fields), model


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("interval_s", "s"),
        ("exposure_ms", "ms"),
        ("xy_um_per_s", "um/s"),
        ("max_moves_per_s", "1/s"),
        ("dose_per_fov_j_cm2", "J/cm2"),
        ("confirm", ""),
    ],
)
def test_units_come_from_the_ends_of_keys(key: str, unit: str) -> None:
    assert unit_of(key) == unit


def test_a_block_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="no block 'keys-Nothing'"):
        blocks.replace("text", "keys-Nothing", "table")
    with pytest.raises(KeyError):
        blocks.content("text", "keys-Nothing")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    pattern = (
        r"`?\b((?:agent|hardware|policies|sim|configs|docs|tests)/[\w./-]+\.(?:py|yaml|md|j2))"
    )
    for name in re.findall(pattern, page.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^│ (\w+) ", here("--help").out, re.MULTILINE)
    assert len(commands) >= 11
    for name in commands:
        assert f"microscout {name}" in readme, name


def test_pictures_are_small() -> None:
    for picture in (DOCS / "images").iterdir():
        assert picture.stat().st_size < 300_000, picture.name
