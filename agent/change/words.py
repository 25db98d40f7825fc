"""Values of a plan in words with units, exact: what differs never reads alike. Pure."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import useq

NONE = "none"
_UNITS = {
    "_s": "s",
    "_ms": "ms",
    "_um": "um",
    "_gb": "GB",
    "_j_cm2": "J/cm2",
    "exposure": "ms",
}


def value(key: str, what: object) -> str:
    """A value under a dotted key: its unit comes from the key's ending (``interval_s``)."""
    if what is None or what == ():
        return NONE
    if isinstance(what, bool):
        return "yes" if what else "no"
    if isinstance(what, int | float):
        return _number(key, what)
    if isinstance(what, BaseModel):
        return section(what)
    if isinstance(what, tuple | list | set | frozenset):
        return ", ".join(value(key, item) for item in what)
    return str(what)


def _number(key: str, what: float) -> str:
    unit = next((u for ending, u in _UNITS.items() if key.endswith(ending)), "")
    return seconds(what) if unit == "s" else f"{what:.15g} {unit}".rstrip()


def seconds(time_s: float) -> str:
    """``4 min``, ``7 h 30 min``, ``250 s``, ``0.5 s``; whole minutes only where they are whole."""
    total = round(time_s, 6)
    if total >= 60 and total % 60 == 0:
        hours, minutes = divmod(int(total // 60), 60)
        parts = [f"{hours} h"] if hours else []
        return " ".join(parts + ([f"{minutes} min"] if minutes or not hours else []))
    return f"{total:.15g} s"


def section(model: BaseModel) -> str:
    """What of a section was written down: ``channel DAPI, exposure_ms 5 ms``."""
    said = sorted(model.model_fields_set, key=list(type(model).model_fields).index)
    return ", ".join(f"{name} {value(name, getattr(model, name))}" for name in said) or "defaults"


def channels(given: Iterable[useq.Channel]) -> str:
    """``DAPI 10 ms, FITC 50 ms``."""
    return ", ".join(f"{c.config} {value('exposure', c.exposure)}" for c in given) or NONE


def rounds(due_s: Sequence[float]) -> str:
    """Time points as a person says them: ``every 4 min, 121 rounds until 8 h``, phase by phase."""
    if len(due_s) == 1:
        return f"one round at {seconds(due_s[0])}"
    steps = [(round(b - a, 6), b) for a, b in pairwise(due_s)]
    phases, said = [], 0
    for step_s, group in groupby(steps, key=lambda step: step[0]):
        ends = [end for _, end in group]
        n = len(ends) + (0 if said else 1)  # the first round of all belongs to the first phase
        said += n
        phases.append(f"every {seconds(step_s)}, {n} rounds until {seconds(ends[-1])}")
    return "; then ".join(phases)
