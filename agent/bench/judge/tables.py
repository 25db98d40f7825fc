"""The result of `microscout bench judge` as Markdown tables.

"asked" is what the judge was asked to reach, "" where nobody set a figure; nothing here says passed
or failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.bench.judge.asked import ASKED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Row = tuple[str, str, Any, Any]  # what, key into ASKED, mllm, classical

HEADER = ("what", "asked", "mllm", "classical")
FIGURES = {
    "ap50": "AP at IoU 0.5",
    "ap75": "AP at IoU 0.75",
    "ap": "AP, mean of IoU 0.5 to 0.9",
    "count_error": "count error, median image",
    "seconds_per_image": "seconds per image, median",
    "accuracy_outside_gap": "accuracy, outside 15 % of a bound",
    "balanced_outside_gap": "balanced accuracy, outside 15 % of a bound",
    "accuracy_everywhere": "accuracy, everywhere",
    "spearman": "rank correlation with the true blur",
    "image_ap": "field: average precision",
    "image_ap_without_prophase": "field: average precision, without prophases",
    "object_ap": "object: average precision",
    "object_ap_without_prophase": "object: average precision, prophases not judged",
    "cell_balanced_accuracy": "cell: balanced accuracy, dividing or not",
    "abstained": "share abstained (counted as 0)",
    "seconds_to_first_verdict": "seconds from start of the process to the first verdict",
    "median_ms": "ms per verdict, median",
    "p99_ms": "ms per verdict, p99",
    "images_per_s": "images per second, one after the other",
    "peak_mib": "peak resident MiB",
}


def render(result: dict[str, Any]) -> str:
    """Every part that was run, with what it ran on."""
    ran_on = ", ".join(f"{key} {value}" for key, value in result["machine"].items())
    took = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in result["seconds"].items())
    share = "" if result["share"] == 1 else f" With {result['share']:.0%} of the pictures only."
    gone = result["missing_sets"]
    share += f" Sets that were not there: {', '.join(gone)}." if gone else ""
    parts = [
        f"Judge {result['model']}, {result['threads']} threads, seed {result['seed']}.{share} "
        f"Took: {took}.\n\nRan on: {ran_on}.\n"
    ]
    for part, found in result["parts"].items():
        parts.append(f"### {part.capitalize()}\n\n{_part(part, found)}")
    return "\n".join(parts)


def _part(part: str, found: dict[str, Any]) -> str:
    if "not_run" in found:
        return f"Not run: {found['not_run']}.\n"
    note = f"Only in part: {found['without_data']}.\n\n" if "without_data" in found else ""
    return note + TABLES[part](found)


def _groups(part: str) -> Callable[[dict[str, Any]], str]:
    """A table of groups, each with figures of both judges."""

    def table(found: dict[str, Any]) -> str:
        rows: list[Row] = []
        for group, figures in found["groups"].items():
            size = ", ".join(
                f"{v} {k.replace('_', ' ')}" for k, v in figures.items() if isinstance(v, int)
            )
            classical = figures["classical"] or {}
            for key, value in figures["mllm"].items():
                beside = classical.get(key)
                if value is not None or beside is not None:
                    rows.append(
                        (
                            f"{group} ({size}): {FIGURES[key]}",
                            f"{part}/{group}/{key}",
                            value,
                            beside,
                        )
                    )
        return table_of(rows)

    return table


def _artefacts(found: dict[str, Any]) -> str:
    rows: list[Row] = []
    for group, kinds in found["groups"].items():
        for kind, figures in kinds.items():
            what = f"{group}, {kind} ({figures['clean']} clean, {figures['damaged']} damaged)"
            mllm, classical = figures["mllm"], figures["classical"]
            rows.append((f"{what}: AUROC", f"artefacts/{group}/{kind}", mllm["auroc"], None))
            rows.append((f"{what}: sensitivity, specificity", "", _both(mllm), _both(classical)))
    for run, figures in found["anomaly"].items():
        for kind, value in figures.get("auroc", {}).items():
            what = f"anomaly, never trained on: {kind}; {run} ({figures['normal']} normal frames)"
            rows.append((f"{what}: AUROC", f"artefacts/anomaly/{kind}", value, None))
    return table_of(rows)


def _both(figures: dict[str, Any] | None) -> str:
    return (
        ""
        if figures is None
        else f"{_cell(figures['sensitivity'])}, {_cell(figures['specificity'])}"
    )


def _calibration(found: dict[str, Any]) -> str:
    rows: list[Row] = []
    for question, mllm in found["mllm"].items():
        beside = found["classical"].get(question, {})
        what = f"{question} ({mllm['images']} images)"
        for kind in ("equal_width", "equal_mass"):
            key = f"ece_{kind}"
            bins = f"{found['bins']} bins of {kind.replace('_', ' ')}"
            words = f"{what}: expected calibration error, {bins}"
            rows.append((words, f"calibration/{question}/{key}", mllm[key], beside.get(key)))
        curve, other = mllm["accuracy_at_coverage"], beside.get("accuracy_at_coverage")
        for n, coverage in enumerate(found["coverage"]):
            rows.append(
                (
                    f"{what}: accuracy of the surest {coverage:.0%}",
                    f"calibration/{question}/{coverage}",
                    curve[n],
                    other[n] if other else None,
                )
            )
    return table_of(rows)


def _speed(found: dict[str, Any]) -> str:
    size = f"{found['frame_px']} x {found['frame_px']}, {found['verdicts']} verdicts"
    return table_of(
        (f"{FIGURES[key]} ({size})", f"speed/{key}", value, found["classical"].get(key))
        for key, value in found["mllm"].items()
    )


def _language(found: dict[str, Any]) -> str:
    rows: list[Row] = []
    pictures = found["phrasings"]["pictures"]
    for name, figures in found["phrasings"].items():
        if name == "pictures":
            continue
        what = f"{name} ({figures['phrasings']} phrasings, {pictures} pictures)"
        for key in ("agreement", "unanimous", "accuracy"):
            rows.append((f"{what}: {key}", f"language/{name}/{key}", figures[key], None))
    strangers, known = found["absent"]["strangers"], found["absent"]["known_but_absent"]
    for key, value in strangers.items():
        if key != "questions":
            what = (
                f"things never taught ({strangers['questions']} questions): {key.replace('_', ' ')}"
            )
            rows.append((what, f"language/strangers/{key}", value, None))
    for name, value in known["false_positive_rate"].items():
        what = f"{name}, absent from {known['pictures']} pictures: false positive rate"
        rows.append((what, f"language/absent/{name}", value, None))
    reasons = found["reasons"]
    for key, value in reasons.items():
        if key != "images":
            what = f"reasons ({reasons['images']} images): {key.replace('_', ' ')}"
            rows.append((what, f"language/reasons/{key}", value, None))
    return table_of(rows)


def _adaptation(found: dict[str, Any]) -> str:
    rows: list[Row] = []
    for row in found["rows"]:
        what = f"{found['target']}, {row['way']}"
        what += f", {row['examples']} examples" if row["examples"] else ""
        for key in ("balanced_accuracy", "auroc"):
            name = f"{what} ({found['test_images']} test images): {key.replace('_', ' ')}"
            asked = f"adaptation/{row['way']}/{row['examples']}/{key}"
            rows.append((name, asked, _span(row[key]), None))
    for size, span in found["seconds_per_lora"].items():
        rows.append((f"seconds to train on {size} examples", "", _span(span), None))
    return table_of(rows) + _old_splits(found.get("old_splits"))


def _old_splits(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    lines = [
        ("old test splits", "model alone", f"with the adapter ({found['adapter']}) and the router"),
        ("---",) * 3,
    ]
    sizes = {"mitosis": found["mitosis_pictures"], "outlines": found["outlined_pictures"]}
    for key, value in found["without"].items():
        what = f"{key.replace('_', ' ')} ({sizes[key.split('_')[0]]} pictures)"
        lines.append((what, _cell(value), _cell(found["with"][key])))
    lines += [
        (
            "the adapter's question on all of these: routed to it",
            "",
            _cell(found["routed_to_adapter"]),
        ),
        ("the same: false positive rate", "", _cell(found["false_positive_rate"])),
    ]
    return "\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _night(found: dict[str, Any]) -> str:
    seeds = ", ".join(str(seed) for seed in found["seeds"])
    lines = [
        ("judge", "enter, leave", "captured", "by seed", "false reactions", "light"),
        ("---",) * 6,
    ]
    for row in found["rows"]:
        lines.append(
            (
                row["judge"],
                f"{row['enter']:g}, {row['leave']:g}",
                f"{row['captured']} of {row['total']}",
                ", ".join(row["by_seed"]),
                str(row["false_reactions"]),
                f"{row['light']:.1%}",
            )
        )
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    beside = "\n".join(f"- {_at_equal_light(one)}" for one in found["equal_light"])
    return (
        f"Plan {found['plan']}, seeds {seeds}; light as a share of filming every field at the "
        f"reaction's rate.\n\n{table}\n\nAt equal light:\n\n{beside}\n"
    )


def _at_equal_light(one: dict[str, Any]) -> str:
    mllm, classical, most = one["mllm"], one["classical"], one["most"]
    said = f"mllm {mllm['captured']} of {mllm['total']} at {mllm['light']:.1%}"
    if classical is not None:
        return f"{said}; classical {classical['captured']} at {classical['light']:.1%}"
    return (
        f"{said}; the classical judge never spent as much: {most['captured']} at its most, "
        f"{most['light']:.1%}"
    )


def _span(span: dict[str, float]) -> str:
    return f"{_cell(span['mean'])} ({_cell(span['lowest'])} to {_cell(span['highest'])})"


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "segmentation": _groups("segmentation"),
    "focus": _groups("focus"),
    "mitosis": _groups("mitosis"),
    "artefacts": _artefacts,
    "calibration": _calibration,
    "speed": _speed,
    "language": _language,
    "adaptation": _adaptation,
    "night": _night,
}


def table_of(rows: Iterable[Row]) -> str:
    """A Markdown table with a line for each row."""
    lines = [HEADER, tuple("---" for _ in HEADER)]
    lines += [
        (what, ASKED.get(key, ""), _cell(mllm), _cell(classical))
        for what, key, mllm, classical in rows
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value).replace("|", "\\|")
