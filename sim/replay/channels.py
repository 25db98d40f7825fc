"""Which preset of the channel group shows which recorded channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.replay.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Sequence


def assign(
    recorded: Sequence[str], available: Sequence[str], wanted: Sequence[str] | None
) -> dict[str, int]:
    """Map presets to indices of recorded channels: by name where one fits, else in order.

    Parameters
    ----------
    recorded : names of the recorded channels.
    available : presets that there are.
    wanted : presets that the plan images; None for as many as were recorded.
    """
    unknown = [preset for preset in wanted or () if preset not in available]
    if unknown:
        raise ReplayError(
            f"channel {unknown[0]!r}: not a preset of the demo configuration that replays run on. "
            f"Choose from {', '.join(available)}."
        )
    if wanted is not None and len(wanted) > len(recorded):
        raise ReplayError(
            f"the plan images {len(wanted)} channels ({', '.join(wanted)}), the recording has "
            f"{len(recorded)}. Take channels out of the plan."
        )
    if wanted is None and len(recorded) > len(available):
        raise ReplayError(
            f"the recording has {len(recorded)} channels, the demo configuration only "
            f"{len(available)} presets. Name those to replay in the plan."
        )
    presets = list(wanted if wanted is not None else available)
    by_name = {name.casefold(): index for index, name in enumerate(recorded) if name}
    fits = {p: by_name[p.casefold()] for p in presets if p.casefold() in by_name}
    rest = [index for index in range(len(recorded)) if index not in fits.values()]
    others = [preset for preset in presets if preset not in fits]
    assigned = fits | dict(zip(others, rest, strict=False))
    if wanted is not None:
        return {preset: assigned[preset] for preset in wanted}
    return dict(sorted(assigned.items(), key=lambda pair: pair[1]))
