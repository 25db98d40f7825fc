"""Every colour that carries words or a state can be told from what is behind it: at least 4.5:1."""

from __future__ import annotations

import re
from importlib import resources

import pytest

LEAST = 4.5
LOOKS = ("dark", "red", "light")
TEXTS = ("ink", "muted", "accent", "good", "warning", "bad")
PAIRS = (
    *((text, ground) for text in TEXTS for ground in ("page", "surface")),
    *(("ink", "raise"), ("accent", "raise"), ("stop-ink", "stop")),
    *(("page", ground) for ground in ("accent", "good", "burst", "bad")),
)


def colours(look: str) -> dict[str, str]:
    """The look's colours, by name: those of `:root`, and its own over them."""
    css = resources.files("agent.web").joinpath("static", "page.css").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for selector in (r":root", rf'\[data-look="{look}"\]'):
        if block := re.search(rf"^{selector} \{{(.*?)\n\}}", css, re.DOTALL | re.MULTILINE):
            found |= re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})", block[1])
    return found


def luminance(colour: str) -> float:
    """Relative, as WCAG defines it."""
    digits = colour.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_everybody_does() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("look", LOOKS)
def test_words_can_be_read_in_every_look(look: str) -> None:
    known = colours(look)
    ratios = {pair: contrast(known[pair[0]], known[pair[1]]) for pair in PAIRS}
    assert {pair: round(r, 2) for pair, r in ratios.items() if r < LEAST} == {}


def test_the_dim_look_has_next_to_no_short_wavelengths() -> None:
    """Green and blue light would undo the eye's adaptation; white letters only on the stop."""
    for name, colour in colours("red").items():
        digits = colour.lstrip("#")
        digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
        red, green, blue = (int(digits[i : i + 2], 16) for i in (0, 2, 4))
        assert name == "stop-ink" or max(green, blue) <= max(0.65 * red, 2), name
