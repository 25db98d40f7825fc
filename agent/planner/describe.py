"""A plan in plain words. The embedded planner reads its own description back to the same plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
_WHEN = {
    "every_visit": "Autofocus before every visit",
    "every_nth_round": "Autofocus every {n} rounds",
    "focus_lost": "Autofocus only when focus is lost",
}
_FAILS = {
    "skip": "skip that visit",
    "hold_last": "use the last good z",
    "hold_position": "leave that position alone",
    "stop": "stop the run",
}
_BY = {
    "count": "the most cells",
    "confluence": "the highest confluence",
    "target": "the most {target}",
}
_TOPICS = {
    "event": "when an event happens",
    "trouble": "when something goes wrong",
    "question": "when there is a question",
    "done": "when the run is done",
}
_REPEAT = {
    "every_event": "for every event",
    "once_per_field": "once per field",
    "once": "only once",
}


def seconds(value_s: float) -> str:
    """14400 -> "4 h", 90 -> "90 s", 5400 -> "90 min": the largest unit with a whole number."""
    for size, unit in _UNITS:
        if value_s >= size and abs(value_s / size - round(value_s / size)) < 1e-9:
            return f"{round(value_s / size)} {unit}"
    return f"{number(value_s)} s"


def number(value: float) -> str:
    """Shortest text that reads back to the same number."""
    return repr(int(value)) if float(value).is_integer() else repr(float(value))


def describe(facts: Mapping[str, Any]) -> str:
    """English sentences for the facts of a plan (`facts_of`)."""
    parts = [
        _imaging(facts),
        _stack(facts, "stack.", "Take"),
        _search(facts),
        *_reaction(facts),
        _focus(facts),
        _stop(facts),
        *_budget(facts),
        _notify(facts),
        *_settings(facts),
    ]
    return " ".join(part for part in parts if part)


def _list(names: Any) -> str:
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _noun(one: str, names: Any) -> str:
    return one if len(names) == 1 else f"{one}s"


def _imaging(facts: Mapping[str, Any]) -> str:
    where = (
        f"{_noun('well', facts['wells'])} {_list(facts['wells'])} of the {facts['plate']} plate"
        if "wells" in facts
        else f"{_noun('position', facts['positions'])} {_list(facts['positions'])}"
    )
    if "grid.rows" in facts:
        where += (
            f", each with a {facts['grid.rows']}x{facts['grid.columns']} grid with "
            f"{number(facts['grid.overlap_percent'])} % overlap,"
        )
    channels = _list(f"{c} ({number(facts[f'exposure_ms.{c}'])} ms)" for c in facts["channels"])
    return f"Image {where} in {channels}{_time(facts)}."


def _time(facts: Mapping[str, Any]) -> str:
    if facts.get("once"):
        return ", a single time point"
    if "phases" in facts:
        told = [f"every {seconds(i)} for {seconds(d)}" for i, d in facts["phases"]]
        return " " + ", then ".join(told)
    out = ""
    if "interval_s" in facts:
        out += f" every {seconds(facts['interval_s'])}"
    if "duration_s" in facts:
        out += f" for {seconds(facts['duration_s'])}"
    if "rounds" in facts:
        out += f", {facts['rounds']} time points"
    return out


def _stack(facts: Mapping[str, Any], prefix: str, verb: str) -> str:
    step = facts.get(f"{prefix}step_um")
    if step is None:
        return ""
    if f"{prefix}range_um" in facts:
        size = f"{number(facts[f'{prefix}range_um'])} um range"
    else:
        above, below = facts[f"{prefix}above_um"], facts[f"{prefix}below_um"]
        size = f"{number(above)} um above and {number(below)} um below"
    only = facts.get("stack.channels") if prefix == "stack." else None
    where = f" only in {_list(only)}" if only else ""
    return f"{verb} a z-stack{where} with {size} in {number(step)} um steps."


def _search(facts: Mapping[str, Any]) -> str:
    if "search.best" not in facts:
        return ""
    what = _BY[facts["search.by"]].format(target=facts.get("target", "target"))
    rounds = facts.get("search.rounds", 1)
    survey = f"After {rounds} rounds, find" if rounds > 1 else "Find"
    return f"{survey} the {facts['search.best']} best fields with {what} and keep only those."


def _reaction(facts: Mapping[str, Any]) -> list[str]:
    if not facts.get("watch"):
        return []
    react = f"As soon as you see {facts['target']}, film that field"
    if "reaction.channels" in facts:
        channels = _list(
            f"{c} ({number(facts[f'reaction.exposure_ms.{c}'])} ms)"
            for c in facts["reaction.channels"]
        )
        react += f" in {channels}"
    react += f" every {seconds(facts['reaction.interval_s'])}"
    react += f" for {seconds(facts['reaction.duration_s'])}"
    if "reaction.objective" in facts:
        react += f" with the {facts['reaction.objective'].lower()} objective"
    if facts.get("reaction.until_gone"):
        react += ", until it is gone"
    if facts.get("reaction.repeat", "every_event") != "every_event":
        react += f", {_REPEAT[facts['reaction.repeat']]}"
    if facts.get("reaction.follow"):
        react += ", and follow it"
    out = [f"{react}."]
    if "reaction.stack.range_um" in facts:
        out.append(
            f"During the burst take a z-stack with {number(facts['reaction.stack.range_um'])} um "
            f"range in {number(facts['reaction.stack.step_um'])} um steps."
        )
    return out


def _focus(facts: Mapping[str, Any]) -> str:
    when = facts.get("autofocus.when")
    if when is None:
        return ""
    text = _WHEN[when].format(n=facts.get("autofocus.every_n_rounds"))
    text += f" in {facts['autofocus.channel']} ({number(facts['autofocus.exposure_ms'])} ms)"
    text += f" with a search range of {number(facts['autofocus.range_um'])} um"
    return f"{text}; if autofocus fails, {_FAILS[facts['autofocus.on_failure']]}."


def _stop(facts: Mapping[str, Any]) -> str:
    told = []
    if "stop.after_events" in facts:
        told.append(f"Stop the run after {facts['stop.after_events']} events.")
    if "stop.confluence" in facts:
        percent = number(round(facts["stop.confluence"] * 100, 9))
        told.append(f"Stop the run at {percent} % confluence.")
    return " ".join(told)


def _budget(facts: Mapping[str, Any]) -> list[str]:
    told = []
    for key, words in (
        ("dose_per_fov_j_cm2", "{} J/cm2 of light per field"),
        ("exposure_per_fov_s", "{} s of light per field"),
        ("total_dose_j_cm2", "{} J/cm2 of light in total"),
        ("disk_gb", "{} GB of disk"),
    ):
        if f"budget.{key}" in facts:
            told.append(f"Use at most {words.format(number(facts[f'budget.{key}']))}.")
    return told


def _notify(facts: Mapping[str, Any]) -> str:
    if "notify.on" not in facts:
        return ""
    to = f" {_list(facts['notify.to'])}" if "notify.to" in facts else " me"
    return f"Notify{to} {' and '.join(_TOPICS[topic] for topic in facts['notify.on'])}."


def _settings(facts: Mapping[str, Any]) -> list[str]:
    told = []
    if "objective" in facts:
        told.append(f"Use the {facts['objective'].lower()} objective.")
    if "binning" in facts:
        told.append(f"Use binning {facts['binning']}.")
    if facts.get("coupling") == "synchronized":
        told.append("Wait for the verdict before the next visit of a field.")
    if "start_at" in facts:
        told.append(f"Start at {facts['start_at'].replace('T', ' ')}.")
    return told
