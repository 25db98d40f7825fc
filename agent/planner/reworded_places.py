"""Odd but clear wordings of positions, put into the names that they stand for.

"From P3 on", "P2 and the last one", "all six except the third", "P1 ... P4": each becomes a
plain list before anything else is read, in all five languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.planner.place_ordinals import PlaceOrdinals
from agent.planner.place_ranges import PlaceRanges
from agent.planner.reading.names import plate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.planner.normal import Normal
    from agent.planner.rewording import Edit

_MOST = 24  # times that a rule is tried again


def reworded_places(text: Normal, language: str, known: Sequence[str]) -> Normal:
    """The same text with such wordings replaced, where positions are marked."""
    if not known or plate(text.text, language) is not None:
        return text
    rules = _Rules(tuple(known), language)
    for rule in rules.all():
        for _ in range(_MOST):
            edit = rule(text.text)
            if edit is None:
                break
            text = text.edited([edit])
    return text


class _Rules(PlaceRanges, PlaceOrdinals):
    """All of them."""

    def all(self) -> Iterator[Callable[[str], Edit | None]]:
        """In the order in which they are tried."""
        yield self.spaced
        yield self.brackets
        yield self.signs
        yield self.without_numbers
        yield self.as_marked
        yield self.first_of_them
        yield self.all_of_them
        yield self.any_of_them
        yield self.of_mine
        yield self.counted
        yield self.dots
        yield self.up_to
        yield self.from_on
        yield self.ordinals
        yield self.last_listed
        yield self.last_alone
        yield self.exception
        yield self.left_alone
        yield self.the_rest
