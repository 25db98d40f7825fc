"""Random plans of every kind that an instruction can ask for, on the demo microscope."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any

from agent.check import instrument_facts
from agent.load import load_microscope
from agent.planner.draft import Draft, Said
from agent.planner.proposal import Proposal, propose
from agent.planner.source import Default

if TYPE_CHECKING:
    from random import Random

    from agent.check import InstrumentFacts
    from agent.plan import Plan
    from hardware.data import MicroscopeConfig

NOW = dt.datetime(2026, 11, 25, 18, 0)
KNOWN_TARGETS = ("mitosis", "dead cell")
TARGETS = (*KNOWN_TARGETS, "rosette", "multinucleated cell")  # any words of a watch
_INTERVALS = (90, 120, 150, 180, 240, 300, 450, 600, 900, 1200, 1800, 3600)
_EXPOSURES = (5, 10, 12.5, 20, 30, 45, 50, 100, 250)
_ADDRESSES = ("anna@example.org", "lab@example.org", "https://example.org/hook")


@cache
def microscope() -> tuple[MicroscopeConfig, InstrumentFacts]:
    """The demo microscope and what its Micro-Manager configuration says."""
    loaded = load_microscope("demo")
    return loaded.config, instrument_facts(loaded)


def random_plan(rng: Random) -> Plan:
    """A plan that the checks have nothing against."""
    while True:
        made = proposed(random_slots(rng))
        if made.plan is not None:
            return made.plan


def proposed(slots: dict[str, Any]) -> Proposal:
    """What becomes of a draft that says these slots."""
    config, facts = microscope()
    source = Default("random", "a test")
    said = {slot: Said(slot, value, source) for slot, value in slots.items()}
    return propose(Draft("A random plan.", said=said), config, facts)


def random_slots(rng: Random) -> dict[str, Any]:
    """The slots of a complete draft."""
    slots = _where(rng) | _channels(rng) | _time(rng)
    watch = rng.random() < 0.5 and not slots.get("once")
    if rng.random() < 0.35:
        slots |= _stack(rng, "stack.", sided=True)
        if len(slots["channels"]) > 1 and rng.random() < 0.4:
            slots["stack.channels"] = slots["channels"][:1]
    if watch:
        slots |= _reaction(rng, slots)
    if rng.random() < 0.2 and not slots.get("once"):
        slots |= _search(rng, slots)
    if rng.random() < 0.35:
        slots |= _focus(rng, slots, watch=watch)
    return slots | _rest(rng, watch=watch)


def _some(rng: Random, names: tuple[str, ...], most: int) -> tuple[str, ...]:
    chosen = rng.sample(range(len(names)), rng.randint(1, min(most, len(names))))
    return tuple(names[i] for i in sorted(chosen))


def _where(rng: Random) -> dict[str, Any]:
    config, _ = microscope()
    slots: dict[str, Any]
    if rng.random() < 0.4:
        plate = rng.choice(["6-well", "12-well", "24-well", "96-well"])
        rows, columns = {"6-well": (2, 3), "12-well": (3, 4)}.get(plate, (4, 6))
        wells = tuple(f"{'ABCD'[r]}{c + 1}" for r in range(rows) for c in range(columns))
        slots = {"wells": _some(rng, wells, 6), "plate": plate}
    else:
        slots = {"positions": _some(rng, tuple(config.positions), 6)}
    if rng.random() < 0.25:
        overlap = rng.choice([0, 5, 7.5, 10, 12.5, 20])
        slots |= {"grid.rows": rng.randint(1, 3), "grid.columns": rng.randint(2, 4)}
        slots["grid.overlap_percent"] = overlap
    return slots


def _channels(rng: Random, prefix: str = "", most: int = 3) -> dict[str, Any]:
    config, _ = microscope()
    chosen = _some(rng, tuple(config.channels), most)
    exposures = {f"{prefix}exposure_ms.{c}": _exposure_ms(rng) for c in chosen}
    return {f"{prefix}channels": chosen, **exposures}


def _exposure_ms(rng: Random) -> float:
    odd = rng.random() < 0.3
    return round(rng.uniform(1, 400), rng.randint(1, 2)) if odd else rng.choice(_EXPOSURES)


def _interval_s(rng: Random) -> float:
    odd = rng.random() < 0.3
    return round(rng.uniform(90, 4000), rng.randint(0, 1)) if odd else rng.choice(_INTERVALS)


def _time(rng: Random) -> dict[str, Any]:
    kind = rng.choice(["once", "length", "length", "rounds", "rounds", "phases", "spread"])
    interval = _interval_s(rng)
    rounds = rng.randint(2, 40)
    if kind == "once":
        return {"once": True}
    if kind == "length":
        return {"interval_s": interval, "duration_s": interval * rounds}
    if kind == "rounds":
        return {"interval_s": interval, "rounds": rounds}
    if kind == "spread":
        return {"duration_s": 600 * rounds, "rounds": rounds}
    phases = [(i, i * rng.randint(1, 12)) for i in _some_intervals(rng)]
    return {"phases": tuple(phases)}


def _some_intervals(rng: Random) -> list[float]:
    return [_interval_s(rng) for _ in range(rng.randint(2, 3))]


def _stack(rng: Random, prefix: str, *, sided: bool = False) -> dict[str, Any]:
    step = rng.choice([0.25, 0.5, 0.7, 1, 1.5, 2])
    if sided and rng.random() < 0.3:
        above, below = step * rng.randint(1, 4), step * rng.randint(5, 8)
        return {f"{prefix}above_um": above, f"{prefix}below_um": below, f"{prefix}step_um": step}
    return {f"{prefix}range_um": step * rng.randint(2, 8), f"{prefix}step_um": step}


def _reaction(rng: Random, slots: dict[str, Any]) -> dict[str, Any]:
    interval = rng.choice([20, 30, 45, 60, 90])
    reaction: dict[str, Any] = {
        "watch": True,
        "target": rng.choice(TARGETS),
        "reaction.interval_s": interval,
        "reaction.duration_s": rng.choice([300, 600, 900, 1800, 3600, 5400]),
        "reaction.repeat": rng.choice(["every_event", "every_event", "once_per_field", "once"]),
    }
    if rng.random() < 0.3:
        reaction["reaction.until_gone"] = True
    if rng.random() < 0.3:
        reaction["reaction.objective"] = rng.choice(["20X", "40X"])
    if rng.random() < 0.25:
        reaction["reaction.follow"] = True
    if rng.random() < 0.3:
        reaction |= _channels(rng, "reaction.", 2)
    if rng.random() < 0.25:
        reaction |= _stack(rng, "reaction.stack.")
    return reaction


def _search(rng: Random, slots: dict[str, Any]) -> dict[str, Any]:
    fields = len(slots.get("wells") or slots["positions"])
    fields *= slots.get("grid.rows", 1) * slots.get("grid.columns", 1)
    by = rng.choice(["target", "count", "confluence"])
    search: dict[str, Any] = {
        "search.best": rng.randint(1, max(1, fields - 1)),
        "search.by": by,
        "search.rounds": rng.choice([1, 1, 2]),
    }
    if by == "target":
        search["target"] = slots.get("target") or rng.choice(KNOWN_TARGETS)
    return search


def _focus(rng: Random, slots: dict[str, Any], *, watch: bool) -> dict[str, Any]:
    when = rng.choice(["every_visit", "every_nth_round", *(["focus_lost"] if watch else [])])
    focus: dict[str, Any] = {
        "autofocus.when": when,
        "autofocus.channel": rng.choice(slots["channels"]),
        "autofocus.exposure_ms": rng.choice([5, 10, 20]),
        "autofocus.range_um": rng.choice([8, 10, 12, 20]),
        "autofocus.on_failure": rng.choice(["skip", "hold_last", "hold_position", "stop"]),
    }
    if when == "every_nth_round":
        focus["autofocus.every_n_rounds"] = rng.randint(2, 12)
    return focus


def _rest(rng: Random, *, watch: bool) -> dict[str, Any]:
    slots: dict[str, Any] = {}
    if watch and rng.random() < 0.2:
        slots["stop.after_events"] = rng.randint(1, 20)
    if rng.random() < 0.15:
        slots["stop.confluence"] = rng.choice([0.6, 0.75, 0.8, 0.9])
    for key, values in (
        ("dose_per_fov_j_cm2", (2, 5, 12.5)),
        ("exposure_per_fov_s", (100, 250)),
        ("total_dose_j_cm2", (20, 50, 100)),
        ("disk_gb", (20, 50, 100)),
    ):
        if rng.random() < 0.15:
            slots[f"budget.{key}"] = rng.choice(values)
    if rng.random() < 0.25:
        slots["notify.on"] = _some(rng, ("event", "trouble", "question", "done"), 3)
        if rng.random() < 0.6:
            slots["notify.to"] = _some(rng, _ADDRESSES, 2)
    if rng.random() < 0.25:
        slots["objective"] = rng.choice(["10X", "20X", "40X"])
    if rng.random() < 0.2:
        slots["binning"] = rng.choice([2, 4])
    if rng.random() < 0.15:
        slots["coupling"] = "synchronized"
    if rng.random() < 0.2:
        hour, day = rng.randint(0, 23), rng.randint(26, 30)
        slots["start_at"] = f"2026-11-{day}T{hour:02d}:{rng.choice([0, 15, 30]):02d}"
    return slots
