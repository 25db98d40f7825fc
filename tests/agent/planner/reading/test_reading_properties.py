"""Whatever is written, reading holds: values come back, spans cite the text, nothing raises."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_kit import NOW

from agent.planner.reading.names import NoSuchWells, grid, numbered, plate, wells
from agent.planner.reading.quantity import Kind, Quantity, quantities
from agent.planner.reading.tables import LANGUAGES, raw, words

UNITS = {
    "en": {1: ("s", "sec", "seconds"), 60: ("min", "minutes"), 3600: ("h", "hrs", "hours")},
    "de": {1: ("s", "Sekunden"), 60: ("min", "Minuten"), 3600: ("h", "Std", "Stunden")},
    "fr": {1: ("s", "secondes"), 60: ("min", "minutes"), 3600: ("h", "heures")},
    "it": {1: ("s", "secondi"), 60: ("min", "minuti"), 3600: ("h", "ore")},
    "es": {1: ("s", "segundos"), 60: ("min", "minutos"), 3600: ("h", "horas")},
}
EVERY = {"en": "every", "de": "alle", "fr": "toutes les", "it": "ogni", "es": "cada"}
AND = {"en": "and", "de": "und", "fr": "et", "it": "e", "es": "y"}
languages = st.sampled_from(LANGUAGES)
sizes = st.sampled_from((1, 60, 3600))


def one(text: str, language: str | None = None) -> Quantity:
    (found,) = quantities(text, None, language)
    assert text[found.span.start : found.span.end] == found.text
    return found


@settings(deadline=None)  # the tables load once
@given(st.data(), languages, sizes, st.integers(2, 9999))
def test_a_duration_reads_back(data: st.DataObject, language: str, size: int, number: int) -> None:
    unit = data.draw(st.sampled_from(UNITS[language][size]))
    gap = data.draw(st.sampled_from(("", " ", "  ")))
    every = data.draw(st.booleans())
    text = f"{EVERY[language] + ' ' if every else ''}{number}{gap}{unit}"
    found = one(text, language)
    assert (found.kind, found.value, found.every) == (Kind.DURATION, number * size, every)


@settings(deadline=None)  # the tables load once
@given(languages, sizes, st.integers(1, 99), st.integers(1, 99))
def test_decimals_read_back(language: str, size: int, whole: int, part: int) -> None:
    mark = "." if language == "en" else ","
    found = one(f"{whole}{mark}{part:02d} {UNITS[language][size][0]}", language)
    assert math.isclose(found.value, (whole + part / 100) * size)
    assert not found.ambiguous


@settings(deadline=None)  # the tables load once
@given(languages, st.integers(1, 99), st.integers(1, 59), st.booleans())
def test_compounds_read_back(language: str, hours: int, minutes: int, joined: bool) -> None:
    joint = f" {AND[language]} " if joined else " "
    h, m = UNITS[language][3600][-1], UNITS[language][60][-1]
    found = one(f"{hours} {h}{joint}{minutes} {m}", language)
    assert found.value == 3600 * hours + 60 * minutes


@settings(deadline=None)  # the tables load once
@given(st.integers(0, 99), st.integers(0, 59))
def test_glued_hours_and_minutes_read_back(hours: int, minutes: int) -> None:
    seconds = 3600 * hours + 60 * minutes
    assert one(f"for {hours}h{minutes:02d}", "en").value == seconds
    assert one(f"{hours}:{minutes:02d} h", "en").value == seconds
    assert one(f"{hours}h{minutes}min" if minutes else f"{hours}h", "en").value == seconds


@settings(deadline=None)  # the tables load once
@given(languages, st.data())
def test_numbers_in_words_read_back(language: str, data: st.DataObject) -> None:
    spelled = {key: word for key, word in words(language).numbers.items() if len(key) < 5}
    key = data.draw(st.sampled_from(sorted(spelled)))
    text = f"{' '.join(key)} {UNITS[language][60][-1]}"
    (found,) = quantities(text, None, language)
    expected = spelled[key].value * 60
    assert found.value == expected or (math.isnan(found.value) and math.isnan(expected))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_to_999_has_words(language: str) -> None:
    values = {word.value for word in words(language).numbers.values()}
    assert set(range(1000)) <= values


@settings(deadline=None)  # the tables load once
@given(st.integers(1, 60), st.sampled_from(("minute", "hour")))
def test_rates_read_back_as_intervals(number: int, unit: str) -> None:
    size = {"minute": 60, "hour": 3600}[unit]
    found = one(f"{number} images per {unit}", "en")
    assert (found.kind, found.value) == (Kind.RATE, size / number)


@settings(deadline=None)  # the tables load once
@given(st.floats(0.01, 5000).map(lambda x: round(x, 2)), st.sampled_from(("um", "µm", "microns")))
def test_lengths_read_back(number: float, unit: str) -> None:
    found = one(f"{number:.2f} {unit}", "en")
    assert math.isclose(found.value, number)


@settings(deadline=None)  # the tables load once
@given(st.integers(1, 16), st.integers(1, 24), st.integers(0, 2), st.integers(0, 4))
def test_rectangles_of_wells_read_back(row: int, column: int, more: int, wider: int) -> None:
    bottom, right = min(row + more, 16), min(column + wider, 24)
    text = f"wells {chr(64 + row)}{column}-{chr(64 + bottom)}{right}"
    found = wells(text)
    assert found is not None
    names = found.on(16, 24)
    assert isinstance(names, tuple)
    assert len(names) == (bottom - row + 1) * (right - column + 1)


@settings(deadline=None)  # the tables load once
@given(st.lists(st.integers(1, 99), min_size=1, max_size=6, unique=True), st.booleans())
def test_lists_of_positions_read_back(numbers: list[int], spaced: bool) -> None:
    joint = ", " if spaced else ","
    (found,) = numbered(f"positions {joint.join(map(str, numbers))} every 5 min")
    assert found.numbers == tuple(numbers)


def _vocabulary() -> list[str]:
    out = {
        "5",
        "10",
        "1,500",
        "0.5",
        "1/2",
        "½",
        "3x3",
        "-",
        ",",
        ".",
        "(",
        "'",
        '"',
        "x",
        "1:30",
        "#",
    }
    out |= {"P1", "A1", "A1-B3", "96", "µm", "%", "J/cm2", "Z99", "8:30", "25.11.", "2026-13-45"}
    for language in LANGUAGES:
        table = raw(language)
        out |= set(table["common"]) | set(table["numbers"]["small"]) | set(table["ordinals"])
        for group in (*table["units"].values(), *table["clock"].values(), *table["wells"].values()):
            for entry in group:
                out |= set(re.findall(r"\w+", str(entry)))
    return sorted(out)


VOCABULARY = _vocabulary()
texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(VOCABULARY), max_size=14).map(" ".join),
    st.lists(st.sampled_from(VOCABULARY), max_size=10).map("".join),
)


@settings(deadline=None)  # the tables load once
@given(texts, st.sampled_from((None, *LANGUAGES)), st.booleans())
def test_nothing_raises_and_all_cites_the_text(
    text: str, language: str | None, known: bool
) -> None:
    found = quantities(text, NOW if known else None, language)
    end = 0
    for q in found:
        assert end <= q.span.start < q.span.end <= len(text)
        assert text[q.span.start : q.span.end] == q.text
        assert (q.when is not None) == (known and q.kind is Kind.CLOCK)
        end = q.span.end
    spans = [mention.span for mention in numbered(text, language)]
    said = wells(text, language)
    if said is not None:
        assert isinstance(said.on(8, 12), tuple | NoSuchWells)
        spans += [*said.spans, *said.unclear]
    spans += [p.span for p in (plate(text, language), grid(text, language)) if p is not None]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@settings(deadline=None)  # the tables load once
@given(texts)
def test_reading_twice_gives_the_same(text: str) -> None:
    assert repr(quantities(text, NOW)) == repr(quantities(text, NOW))
