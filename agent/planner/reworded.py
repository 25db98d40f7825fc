"""Odd but clear wordings, put into plain ones before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.planner.channels import channel_names
from agent.planner.reworded_amounts import reworded_amounts
from agent.planner.reworded_channels import reworded_channels
from agent.planner.reworded_places import reworded_places
from agent.planner.reworded_wells import reworded_wells

if TYPE_CHECKING:
    from agent.planner.lexicon import Lexicon
    from agent.planner.normal import Normal
    from hardware.data import MicroscopeConfig


def reworded(text: Normal, words: Lexicon, config: MicroscopeConfig) -> Normal:
    """The same text in plainer words; every place keeps its characters of the original."""
    text = reworded_places(text, words.language, tuple(config.positions))
    text = reworded_wells(text, words.language)
    text = reworded_channels(text, words.language, channel_names(config, words.colours))
    return reworded_amounts(text)
