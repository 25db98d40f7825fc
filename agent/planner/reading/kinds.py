"""What a reading gives: kinds, spans, quantities."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Kind(StrEnum):
    """What a quantity measures, and the unit of its value."""

    DURATION = "duration"  # s
    RATE = "rate"  # s from one to the next: "2 Hz" is 0.5
    LENGTH = "length"  # um
    PERCENT = "percent"  # 0..1
    COUNT = "count"  # plain number
    ORDINAL = "ordinal"  # "5th", "every third round": 5, 3
    MAGNIFICATION = "magnification"  # "40x": 40
    PAIR = "pair"  # "3x4", "3 by 4": value 3, upper 4
    DOSE = "dose"  # J/cm2
    BYTES = "bytes"  # bytes, 1 GB is 10^9
    ANGLE = "angle"  # deg
    NA = "na"  # numerical aperture
    CLOCK = "clock"  # s from `now`; `when` has the date
    OTHER = "other"  # a unit that plans know nothing of (mW, °C, mM): in that unit


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of the original text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value and the words that it was read from.

    Attributes
    ----------
    span : the words; those that make it a period ("every", "intervals") are in it.
    value : in the unit of its kind. Negative, NaN and infinite values are given as they are said.
        NaN for a CLOCK where `now` was not given.
    unit : the unit as written, in one spelling ("min"); "" for plain numbers.
    approximate : "about", "ca."
    every : the words make it a period: "every 4 min", "5 min intervals", "hourly".
    upper : end of a range ("2-3 min"), in the same unit; columns of a pair.
    ambiguous : can be read in two ways: "1,500", "until 8", "5 m"; `other` is the second value.
    when : date and time of a CLOCK.
    """

    span: Span
    kind: Kind
    value: float
    unit: str
    text: str
    approximate: bool = False
    every: bool = False
    upper: float | None = None
    ambiguous: bool = False
    other: float | None = None
    when: datetime | None = None
