"""Fills in channels and exposures, or asks which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.planner.draft import Draft, No, Question, Said
from agent.planner.source import Configured

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig


def fill_channels(draft: Draft, config: MicroscopeConfig) -> Draft:
    """Channels, or the question which."""
    if draft.has("channels"):
        unknown = [name for name in draft.get("channels") if name not in config.channels]
        if unknown:
            draft = draft.refusing(
                No(
                    "channels",
                    f"{draft.said['channels'].source}: no channel {', '.join(unknown)}",
                    f"microscope {config.name} has {', '.join(config.channels)}",
                    "Name one of these.",
                )
            )
        return draft
    named = sorted(s.rpartition(".")[2] for s in draft.said if s.startswith("exposure_ms."))
    if named:
        source = draft.said[f"exposure_ms.{named[0]}"].source
        return draft.adding(Said("channels", tuple(named), source))
    if draft.has("reaction.channels"):
        said = draft.said["reaction.channels"]
        return draft.adding(Said("channels", said.value, said.source))
    if len(config.channels) == 1:
        only = next(iter(config.channels))
        return draft.adding(Said("channels", (only,), Configured(config.name, "channels")))
    return draft.asking(Question("channels", "which channels?", tuple(config.channels)))


def fill_exposures(draft: Draft, config: MicroscopeConfig) -> Draft:
    """An exposure for each channel of the time lapse and of the reaction."""
    for preset in draft.get("channels", ()):
        draft = fill_exposure(draft, config, f"exposure_ms.{preset}", preset)
    wanted = draft.get("reaction.channels") or ()
    named = [s.rpartition(".")[2] for s in draft.said if s.startswith("reaction.exposure_ms.")]
    if named and not wanted:
        wanted = draft.get("channels") or tuple(named)
        wanted = tuple(dict.fromkeys((*wanted, *named)))
        source = draft.said[f"reaction.exposure_ms.{named[0]}"].source
        draft = draft.adding(Said("reaction.channels", wanted, source))
    for preset in wanted:
        slot = f"reaction.exposure_ms.{preset}"
        same = draft.said.get(f"exposure_ms.{preset}")
        if slot not in draft.said and same is not None:
            draft = draft.adding(Said(slot, same.value, same.source))
        draft = fill_exposure(draft, config, slot, preset)
    return draft


def fill_exposure(draft: Draft, config: MicroscopeConfig, slot: str, preset: str) -> Draft:
    """The exposure of one channel: said, or of the microscope file, or asked for."""
    if slot in draft.said or preset not in config.channels:
        return draft
    for base, value, words in draft.open_exposures:
        if slot == f"{base}.{preset}":
            return draft.adding(Said(slot, value, words))
    channel = config.channels[preset]
    if draft.get("gentle") and channel.gentle_exposure_ms is not None:
        key, value = "gentle_exposure_ms", channel.gentle_exposure_ms
    elif channel.exposure_ms is not None:
        key, value = "exposure_ms", channel.exposure_ms
    else:
        return draft.asking(Question(slot, f"which exposure for {preset}, in ms?"))
    source = Configured(config.name, f"channels.{preset}.{key}")
    return draft.adding(Said(slot, value, source))
