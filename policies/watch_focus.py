"""When the watch policy asks for autofocus: at once when out, after two soft looks, with patience.

Autofocus costs light, so a field for which it does not help is tried less and less often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.verdict import FocusState
from policies.watch_words import duration

if TYPE_CHECKING:
    from policies.watch_memory import FieldMemory

SOFT_LOOKS = 2  # in a row
MAX_BACKOFF = 8.0  # longest wait between vain tries, in units of refocus_after_s


def focus_lost(here: FieldMemory, state: FocusState) -> bool:
    """Note the focus state in `here` and say whether focus counts as lost."""
    if state is FocusState.IN:
        here.soft = here.refocus_tries = 0
    elif state is FocusState.SOFT:
        here.soft = min(here.soft + 1, SOFT_LOOKS)
    return state is FocusState.OUT or (state is FocusState.SOFT and here.soft >= SOFT_LOOKS)


def why_wait(here: FieldMemory, now_s: float, refocus_after_s: float) -> str:
    """Why autofocus is not asked for again yet; "" when it may be."""
    if here.refocus_s is None:
        return ""
    vain = min(max(here.refocus_tries - 1, 0), 10)  # 2**10 is past the cap
    pause = refocus_after_s * min(2.0**vain, MAX_BACKOFF)
    if now_s >= here.refocus_s + pause:
        return ""
    ago = duration(now_s - here.refocus_s)
    return f"refocused {ago} ago; again after {duration(pause)}"
