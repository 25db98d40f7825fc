"""Tables of cases for quantities: text -> what is read, in short."""

from __future__ import annotations

import datetime as dt
import math

from agent.planner.reading.quantity import Kind, Quantity, quantities

NOW = dt.datetime(2026, 11, 25, 18, 30)  # a Wednesday
KINDS = {
    "s": Kind.DURATION,
    "per": Kind.RATE,
    "um": Kind.LENGTH,
    "share": Kind.PERCENT,
    "n": Kind.COUNT,
    "th": Kind.ORDINAL,
    "x": Kind.MAGNIFICATION,
    "pair": Kind.PAIR,
    "J": Kind.DOSE,
    "B": Kind.BYTES,
    "deg": Kind.ANGLE,
    "NA": Kind.NA,
    "other": Kind.OTHER,
}


def short(q: Quantity) -> str:
    """One quantity as the tables write it: "every 240 s", "~2..3 n", "?1500|1.5 n"."""
    if q.kind is Kind.CLOCK:
        when = q.when.strftime("%m-%d %H:%M") if q.when else "-"
        return f"{'?' if q.ambiguous else ''}@{when}"
    name = next(key for key, kind in KINDS.items() if kind is q.kind)
    words = "every " if q.every and q.kind is not Kind.RATE else ""
    words += "~" if q.approximate else ""
    words += "?" if q.ambiguous else ""
    words += f"{q.value:.6g}"
    words += f"..{q.upper:.6g}" if q.upper is not None else ""
    words += f"|{q.other:.6g}" if q.other is not None else ""
    return f"{words} {name}"


def read(text: str, language: str | None = None) -> str:
    """All quantities of a text; each must cite the characters that it came from."""
    found = quantities(text, NOW, language)
    end = 0
    for q in found:
        assert end <= q.span.start < q.span.end <= len(text), q
        assert text[q.span.start : q.span.end] == q.text
        assert isinstance(q.value, float | int), q
        end = q.span.end
    assert all(q.every for q in found if q.kind is Kind.RATE)
    assert not any(math.isnan(q.value) for q in found if q.kind is Kind.CLOCK)
    return "; ".join(map(short, found))


def cases(table: str) -> list[tuple[str, str]]:
    """Lines "text -> quantities" of a table."""
    lines = [line for line in table.strip().splitlines() if line.strip()]
    pairs = [
        line.rsplit(" -> ", 1) if " -> " in line else [line.removesuffix(" ->"), ""]
        for line in lines
    ]
    return [(text.strip(), expected.strip()) for text, expected in pairs]
