"""Results of `bench plan`, `bench memory` and `bench estimates` as Markdown rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Rows = tuple[tuple[str, ...], list[tuple[Any, ...]]]


def tables(found: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any], Rows]]:
    """(title, result, header and rows) of each result that is one of these."""
    sets = [result for result in found.values() if result.get("bench") == "plan"]
    if sets:
        yield "Instructions (`microscout bench plan`)", sets[0], _sets(sets)
        yield "By language and by what was expected", sets[0], _parts(sets)
    for result in found.values():
        if result.get("bench") == "readers":
            yield "What it was chosen from (`microscout bench readers`)", result, _readers(result)
        if "right_first" in result:
            yield "Documents (`microscout bench memory`)", result, _memory(result)
        if "largest_error" in result:
            yield "Estimates (`microscout bench estimates`)", result, _estimates(result)


def _sets(sets: list[Mapping[str, Any]]) -> Rows:
    header = ("set", "instructions", "right", "with a wrong value", "facts right", "median ms")
    rows = [
        (
            s["set"],
            s["instructions"],
            f"{s['right']:.1%}",
            f"{s['wrong_value']:.1%}",
            f"{s['facts_right']:.1%}" if s["facts_right"] is not None else "",
            f"{s['median_ms']:.1f}",
        )
        for s in sets
    ]
    return header, rows


def _parts(sets: list[Mapping[str, Any]]) -> Rows:
    header = ("set", "part", "instructions", "right", "with a wrong value")
    rows = [
        (
            s["set"],
            f"{key} {name}",
            f["instructions"],
            f"{f['right']:.1%}",
            f"{f['wrong_value']:.1%}",
        )
        for s in sets
        for key, parts in s["by"].items()
        for name, f in parts.items()
    ]
    return header, rows


def _memory(result: Mapping[str, Any]) -> Rows:
    rows = [
        ("documents, passages", f"{result['documents']}, {result['passages']}"),
        ("questions", result["questions"]),
        ("right document first", f"{result['right_first']} ({result['right_first_share']:.0%})"),
        ("right document among three", result["right_in_three"]),
        ("ms per question, median", result["ms_per_question_median"]),
    ]
    return ("what", "figure"), rows


def _estimates(result: Mapping[str, Any]) -> Rows:
    rows: list[tuple[Any, ...]] = [
        ("random plans", result["plans"]),
        ("plans with a figure further off than allowed", result["off"]),
    ]
    rows += [
        (f"largest error of {name}", f"{error:.2%} (allowed {result['allowed'][name]:.0%})")
        for name, error in result["largest_error"].items()
    ]
    return ("what", "figure"), rows


def _readers(result: Mapping[str, Any]) -> Rows:
    header = ("reader of quantities", "right slot", "wrong slot", "other")
    rows: list[tuple[Any, ...]] = [
        (name, f"{result[key]['right']:.1%}", f"{result[key]['wrong_slot']:.1%}", "")
        for name, key in (
            ("rules (the embedded planner)", "rules"),
            ("sentence encoder and a linear model", "encoder"),
            ("rules, the encoder where they are silent", "both"),
        )
    ]
    lm = result["language_model"]
    size = f"{lm['parameters'] / 1e6:.1f} M parameters"
    speed = f"{lm['ms_per_form']} ms for a form of {lm['form_tokens']} tokens (random weights)"
    return header, [*rows, (f"language model of the judge's size, {size}", "", "", speed)]
