"""The word tables: one YAML file per language under words/, read once, merged with English.

Laboratories mix English into every language, so each merged table knows it too; where a word means
two things (Spanish "once" is 11) the language of the text wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from agent.planner.reading.fold import folded
from agent.planner.reading.spelling import number_words

LANGUAGES = ("en", "de", "fr", "it", "es")
_OPTIONAL = re.compile(r"(\w)\?|\[(\w+)\]|\(([\w|]+)\)(\?)?")
Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class NumberWord:
    """A number in words; `approximate` for "une dizaine"."""

    value: float
    approximate: bool


@dataclass(frozen=True, eq=False)
class Words:
    """The words of one language and of English. Patterns are for folded text, small letters.

    `tables` are the raw tables, the language of the text first.
    """

    language: str
    tables: tuple[dict[str, Any], ...]
    numbers: dict[tuple[str, ...], NumberWord]
    number_starts: dict[str, int]  # first word of a number -> most words it can have

    def listed(self, *path: str) -> list[str]:
        """The entries of a list in both tables, the language's own first."""
        out: list[str] = []
        for table in self.tables:
            found: Any = table
            for key in path:
                found = found.get(key, {}) if isinstance(found, dict) else {}
            out += [word for word in found if word not in out]
        return out

    def mapped(self, *path: str) -> dict[str, Any]:
        """The entries of a mapping in both tables; the language's own win."""
        out: dict[str, Any] = {}
        for table in reversed(self.tables):
            found: Any = table
            for key in path:
                found = found.get(key, {})
            out.update(found)
        return out


@lru_cache(maxsize=8)
def words(language: str) -> Words:
    """The tables of a language (an unknown one: of English alone)."""
    tables = [raw("en")] if language not in LANGUAGES[1:] else [raw(language), raw("en")]
    numbers: dict[tuple[str, ...], NumberWord] = {}
    for table in reversed(tables):
        for spelled, value, approximate in number_words(table["numbers"]):
            numbers[tuple(re.findall(r"[^\W\d_]+", folded(spelled)))] = NumberWord(
                value, approximate
            )
    starts: dict[str, int] = {}
    for key in numbers:
        starts[key[0]] = max(starts.get(key[0], 0), len(key))
    return Words(language, tuple(tables), numbers, starts)


@lru_cache(maxsize=8)
def raw(language: str) -> dict[str, Any]:
    """One file as it is; all leaves are text."""
    text = (files("agent.planner.reading") / "words" / f"{language}.yaml").read_text("utf-8")
    data = yaml.load(text, Loader)  # BaseLoader: text, lists and mappings only
    return dict(data)


def pattern(entry: str) -> str:
    """A table's phrase as a regular expression for folded text; any white space for a blank."""
    plain = folded(entry).replace(" ?", r"\s*").replace(" ", r"\s+")
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", plain)


def alternatives(entries: list[str], *, whole: bool = True) -> str:
    """One group of all entries, longer ones first."""
    inner = "|".join(sorted(map(pattern, entries), key=len, reverse=True)) or "(?!)"
    return rf"(?:{inner})(?!\w)" if whole else f"(?:{inner})"


@lru_cache(maxsize=1)
def _telling() -> dict[str, frozenset[str]]:
    own: dict[str, set[str]] = {}
    for name in LANGUAGES:
        table = raw(name)
        phrases = [p for group in table["units"].values() for p in group]
        phrases += _nouns(table)
        found = {word for p in phrases for word in spellings(folded(p)) if word.isalpha()}
        found |= {folded(word) for word in table["numbers"]["small"]}
        own[name] = {word for word in found if len(word) > 3}
    every = [word for mine in own.values() for word in mine]
    english = {word for p in _nouns(raw("en")) for word in spellings(folded(p))}
    # what is shared tells nothing; English nouns are said in every laboratory
    shared = {word for word in every if sum(word in mine for mine in own.values()) > 1}
    return {
        name: frozenset(map(folded, raw(name)["common"])) | (own[name] - shared - english)
        for name in LANGUAGES
    }


def _nouns(table: dict[str, Any]) -> list[str]:
    places = [p for key in ("wells", "rows", "columns") for p in table["wells"][key]]
    return [*places, *table["numbered"]["nouns"], *table["grids"]["grids"], *table["rate_nouns"]]


def spellings(entry: str) -> list[str]:
    """All spellings of a simple pattern: seconds? -> second, seconds."""
    match = _OPTIONAL.search(entry)
    if not match:
        return [entry]
    if match[1]:
        choices = ["", match[1]]
    else:
        choices = list(match[2] or "") or match[3].split("|")
        choices += [""] if match[4] else []
    head, tail = entry[: match.start()], entry[match.end() :]
    return [spelling for choice in choices for spelling in spellings(head + choice + tail)]


def language_of(low: str) -> str:
    """The language whose small words a folded text has most of; English where none has more."""
    found = re.findall(
        r"(?<!\w)[^\W\d_]+(?!\w)", re.sub(r"(?<=[0-9]) ?um\b", "", low)
    )  # um is a unit
    scores = {name: sum(word in telling for word in found) for name, telling in _telling().items()}
    return max(LANGUAGES, key=lambda name: (scores[name], name == "en"))
