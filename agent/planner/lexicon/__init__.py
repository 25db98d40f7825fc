"""What words are a sign of, in five languages. One YAML file per language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

import yaml

from agent.planner.lexicon.spelled import spelled

LANGUAGES = ("en", "de", "fr", "it", "es")


@dataclass(frozen=True)
class Lexicon:
    """Patterns of one language by concept.

    Attributes
    ----------
    concepts : concept -> pattern, whole words, case ignored.
    targets : canonical target -> pattern, in order of preference.
    known : words that are no typing errors.
    mendable : words that a mistyped one may stand for.
    colours : words for channels -> the word of the microscope's file; in every language, as
        people write "Fernrot" into an English list.
    common : small words that tell the language.
    """

    language: str
    concepts: dict[str, re.Pattern[str]]
    targets: dict[str, re.Pattern[str]]
    common: frozenset[str]
    known: frozenset[str] = field(default_factory=frozenset)
    mendable: tuple[str, ...] = ()
    colours: dict[str, str] = field(default_factory=dict)
    own: frozenset[str] = field(default_factory=frozenset)  # words of this language's files alone


@lru_cache(maxsize=8)
def lexicon(language: str) -> Lexicon:
    """The words of a language; English ones are known in each, labs mix them."""
    data = _read(language)
    wanted = _read(f"targets_{language}")
    phrases = [patterns for key, patterns in data.items() if key not in ("common", "colours")]
    own = _words_of([*phrases, *wanted.values()]) | _reading_words(language)
    if language != "en":
        english = _read("en")
        data = {key: [*data.get(key, []), *_borrowed(english, key)] for key in {*english, *data}}
        wanted = {
            key: [*wanted.get(key, []), *_read("targets_en").get(key, [])]
            for key in {**_read("targets_en"), **wanted}
        }
    common = frozenset(data.pop("common", ()))
    colours: dict[str, str] = {}
    for other in (*LANGUAGES, language):
        colours |= dict(entry.split(" = ") for entry in _read(other).get("colours", ()))
    data.pop("colours", None)
    protected = frozenset(_read("protected").get("words", ()))
    words = _words_of(
        [patterns for key, patterns in data.items() if key in _MENDED] + list(wanted.values())
    )
    others = _words_of([patterns for key, patterns in data.items() if key not in _MENDED])
    words |= {word for entry in colours.items() for part in entry for word in part.lower().split()}
    words |= _DYES
    mendable = tuple(sorted(word for word in words if len(word) >= 5))
    return Lexicon(
        language,
        {key: _pattern(patterns) for key, patterns in data.items() if patterns},
        {key: _pattern(patterns) for key, patterns in wanted.items() if patterns},
        common,
        frozenset(words | others | protected | common | _reading_words(language)),
        mendable,
        colours,
        frozenset(own),
    )


# What a mistyped word may stand for: words that carry values. Any other known word would take
# real words that nobody mistyped for itself ("weder" for "wieder", "late" for "later").
_MENDED = frozenset(
    {
        "every",
        "for",
        "exposure",
        "stack",
        "step",
        "planes",
        "overlap",
        "grid",
        "objective",
        "binning",
        "autofocus",
        "confluence",
        "rounds",
        "gentle",
        "overnight",
    }
)


def _words_of(groups: list[list[str]]) -> set[str]:
    """All words of patterns, spelled out."""
    return {
        word
        for patterns in groups
        for pattern in patterns
        for phrase in spelled(pattern)
        for word in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", phrase)
    }


# English words that speakers of other languages use among theirs
_LENT = frozenset(
    {
        "stack",
        "step",
        "planes",
        "exposure",
        "autofocus",
        "binning",
        "grid",
        "overlap",
        "objective",
        "refuse_limits",
        "refuse_delete",
        "refuse_guards",
        "shutter_open",
        "foreign",
        "gentle",
        "events",
        "synchronized",
    }
)


def _reading_words(language: str) -> set[str]:
    """Words of quantities and places: the readers mend these themselves."""
    text = (files("agent.planner.reading") / "words" / f"{language}.yaml").read_text("utf-8")
    return set(re.findall(r"[^\W\d_]{3,}", text.lower()))


_DYES = {
    "green",
    "red",
    "blue",
    "hoechst",
    "mcherry",
    "rhodamine",
    "dapi",
    "fitc",
    "tritc",
    "channel",
    "channels",
    "position",
    "positions",
    "positionen",
    "posizione",
    "posizioni",
    "posición",
    "posiciones",
    "canal",
    "kanal",
    "column",
    "columns",
    "binning",
}


def _borrowed(english: dict[str, list[str]], key: str) -> list[str]:
    return english.get(key, []) if key in _LENT else []


def _read(name: str) -> dict[str, list[str]]:
    text = (files("agent.planner.lexicon") / f"{name}.yaml").read_text(encoding="utf-8")
    return {key: list(value) for key, value in yaml.safe_load(text).items() if key != "language"}


def _pattern(patterns: list[str]) -> re.Pattern[str]:
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile(rf"(?<![\w])(?:{'|'.join(ordered)})(?:(?<=[\s'])|(?![\w]))", re.IGNORECASE)
