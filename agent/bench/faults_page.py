"""What `microscout bench faults --json` measured, as Markdown for docs/faults.md."""

from __future__ import annotations

from typing import Any

from agent.bench.faults_data import CHECKS, When

SIGNS = {"yes": "✓", "no": "**✗**", "-": "–"}


def tables(result: dict[str, Any]) -> str:
    """The figures, one table for each group of faults, and what is not as it should be."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in result["rows"]:
        groups.setdefault(row["group"], []).append(row)
    parts = [_figures(result)]
    parts += [f"### {name[0].upper()}{name[1:]}\n\n{_group(rows)}" for name, rows in groups.items()]
    parts += [_wrong(result["rows"]), _limits(result["rows"]), _reasons(result["rows"])]
    return "\n".join(part for part in parts if part)


def _figures(result: dict[str, Any]) -> str:
    checks = result["checks"]
    lit_s = [
        cell["light_s"]
        for row in result["rows"]
        for cell in row["cells"]
        if not row["limit"] and cell["light_s"] is not None
    ]
    lines = ["| check | as it should be | not | makes no sense |", "| --- | --- | --- | --- |"]
    for check in CHECKS:
        n = checks[check]
        lines.append(f"| {check} | {n['yes']} | {n['no']} | {n['-']} |")
    return (
        f"{result['faults']} faults in {len(When)} states of a run: {result['cells']} cells, "
        f"{result['measured']} measured, {result['good']} of them as they should be. The bench "
        f"took {result['took_s']} s, {result['at_once']} runs at the same time. The lamp was on "
        f"for {max(lit_s, default=0.0):g} s at the longest (known limits left out).\n\n"
        + "\n".join(lines)
        + "\n"
    )


def _group(rows: list[dict[str, Any]]) -> str:
    states = [str(when) for when in When]
    lines = [
        "| fault | how | " + " | ".join(states) + " |",
        "| --- | --- |" + " --- |" * len(states),
    ]
    for row in rows:
        cells = {cell["when"]: cell for cell in row["cells"]}
        texts = [_cell(cells[state]) if state in cells else "" for state in states]
        lines.append(f"| {row['title']} | {row['how']} | {' | '.join(texts)} |")
    return "\n".join(lines) + "\n"


def _cell(cell: dict[str, Any]) -> str:
    if cell["reason"]:
        return "-"
    signs = "".join(SIGNS[cell[check]] for check in CHECKS)
    return f"{signs} {cell['became']}"


def _wrong(rows: list[dict[str, Any]]) -> str:
    lines = [
        f"- {row['title']}, {cell['when']}: {', '.join(_failed(cell))}; the run "
        f"{_ended(cell['became'])}. {cell['note'].strip()}".rstrip()
        for row in rows
        for cell in row["cells"]
        if not cell["reason"] and not cell["good"]
    ]
    return "### Not as it should be\n\n" + ("\n".join(lines) or "Nothing.") + "\n"


def _failed(cell: dict[str, Any]) -> list[str]:
    return [check for check in CHECKS if cell[check] == "no"]


def _ended(became: str) -> str:
    return {"hangs": "hangs", "not measured": "was not measured"}.get(became, f"became {became}")


def _limits(rows: list[dict[str, Any]]) -> str:
    lines = [f"- {row['title']}: {row['limit']}" for row in rows if row["limit"]]
    return "### Known limits\n\n" + "\n".join(lines) + "\n" if lines else ""


def _reasons(rows: list[dict[str, Any]]) -> str:
    found: dict[str, list[str]] = {}
    for row in rows:
        for cell in row["cells"]:
            if cell["reason"]:
                found.setdefault(cell["reason"], []).append(f"{row['title']} ({cell['when']})")
    lines = [f"- {reason}: {'; '.join(cells)}." for reason, cells in found.items()]
    return "### Not measured\n\n" + "\n".join(lines) + "\n" if lines else ""
