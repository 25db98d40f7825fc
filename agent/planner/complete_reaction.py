"""Fills in the reaction, the search and autofocus, or asks for what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.planner.complete_channels import fill_exposure
from agent.planner.defaults import BURST_S, UNTIL_GONE_S, named_default
from agent.planner.draft import Draft, Question, Said

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig


def fill_reaction(draft: Draft, config: MicroscopeConfig) -> Draft:
    """Target, interval and length of a reaction."""
    told = (
        draft.has("target") and "event" in draft.get("notify.on", ()) and not draft.has("search.")
    )
    if (draft.has("stop.after_events") or told) and not draft.get("watch"):
        draft = _counting(draft)
    if not draft.get("watch") and draft.has("reaction.interval_s"):
        draft = draft.adding(Said("watch", True, draft.said["reaction.interval_s"].source))
    if not draft.get("watch"):
        return draft
    if not draft.has("target"):
        draft = draft.asking(
            Question("target", "what is to be watched for?", ("mitosis", "dead cell"))
        )
    if not draft.has("reaction.interval_s") and (
        not draft.has("notify.on") or draft.has("reaction.")
    ):
        draft = draft.asking(
            Question(
                "reaction.interval_s",
                "how often is the field to be imaged when it appears?",
                ("every 20 s", "every 60 s"),
            )
        )
    if not draft.has("reaction.duration_s"):
        if draft.get("reaction.until_gone"):
            why = "ends earlier, as soon as the target is gone"
            filled = named_default("reaction.duration_s", UNTIL_GONE_S, "longest burst", why)
        else:
            why = "ends earlier where the target is gone"
            filled = named_default("reaction.duration_s", BURST_S, "burst", why)
        draft = draft.adding(filled)
    return draft


def _counting(draft: Draft) -> Draft:
    """ "Stop after 20 divisions" without a reaction: an event is a burst, here of one more look."""
    interval = draft.get("interval_s")
    why = "events are counted by a second look, one interval later"
    draft = draft.adding(named_default("watch", True, "counting", why))
    if interval is not None and not draft.has("reaction.interval_s"):
        draft = draft.adding(
            named_default("reaction.interval_s", interval, "counting", why),
            named_default("reaction.duration_s", interval, "counting", why),
        )
    return draft


def fill_search(draft: Draft, config: MicroscopeConfig) -> Draft:
    """What a search needs: how many fields, and what makes them good."""
    if not draft.has("search."):
        return draft
    if not draft.has("search.best"):
        draft = draft.asking(Question("search.best", "how many of the best fields are to be kept?"))
    if not draft.has("search.by"):
        draft = draft.asking(
            Question(
                "search.by", "what makes a field good?", ("the target", "cell count", "confluence")
            )
        )
    elif draft.get("search.by") == "target" and not draft.has("target"):
        draft = draft.asking(
            Question("target", "what is to be searched for?", ("mitosis", "dead cell"))
        )
    return draft


def fill_focus(draft: Draft, config: MicroscopeConfig) -> Draft:
    """When, and with which channel, to focus."""
    if not draft.has("autofocus.") and draft.focus_wanted is None:
        return draft
    if not draft.has("autofocus.when"):
        if draft.get("watch"):
            name, why = "focus_lost", "no light is spent on focus before the judge finds it lost"
        else:
            name, why = "every_visit", "nobody would notice lost focus otherwise"
        draft = draft.adding(named_default("autofocus.when", name, "autofocus", why))
    if draft.get("autofocus.when") == "every_nth_round" and not draft.has(
        "autofocus.every_n_rounds"
    ):
        draft = draft.asking(Question("autofocus.every_n_rounds", "in every how many rounds?"))
    channels = draft.get("channels", ())
    if not draft.has("autofocus.channel") and channels:
        said = draft.said["channels"]
        draft = draft.adding(Said("autofocus.channel", channels[0], said.source))
    preset = draft.get("autofocus.channel")
    if preset is not None:
        draft = fill_exposure(draft, config, "autofocus.exposure_ms", preset)
    return draft
