"""A plan's file or name, or an instruction in its place: `microscout run "P1 in GFP ..."`."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.finding import ConfigError, Finding, Level, config_error
from agent.load import LoadedPlan, load_plan

if TYPE_CHECKING:
    from agent.planner.proposal import Proposal

NAME = "in_words.yaml"  # what a plan made of words is called in messages and run folders
_LONE_WORD = 1  # an instruction has more words than a file's name has


def is_words(text: str) -> bool:
    """Whether this is an instruction and no file or name: it has blanks, and no such file is."""
    several = len(text.split()) > _LONE_WORD
    return (
        several and Path(text[-40:]).suffix.lower() not in (".yaml", ".yml") and not _is_file(text)
    )


def load_said(text: str, microscope: str | None, *, confirm: bool, yes: bool) -> LoadedPlan:
    """Load a plan, or make one of an instruction and show it (on stderr).

    With `confirm` somebody must agree: at the terminal, or beforehand with `yes`. ConfigError
    where the words are refused, leave something open, or nobody agrees; then nothing was moved.
    """
    if not is_words(text):
        return load_plan(text)
    from agent.commands.plan import Wanted, conversing, talk
    from agent.planner.proposal import Outcome
    from agent.planner.show import show

    wanted = Wanted(microscope or "demo")
    with conversing(text, wanted, None) as (graph, thread):
        proposal = talk(graph, thread, wanted, ask=sys.stdin.isatty())
        if proposal.outcome is not Outcome.PLAN or proposal.plan is None:
            raise _not_a_plan(proposal, thread)
        print(show(proposal), file=sys.stderr)
        if confirm and not yes:
            _agree()
        graph.confirm(thread, getpass.getuser())
    return LoadedPlan(proposal.plan, Path(NAME), {})


def _is_file(text: str) -> bool:
    try:
        return Path(text).exists()
    except OSError:  # too long for a file's name
        return False


def _agree() -> None:
    if not sys.stdin.isatty():
        raise config_error("plan", "nobody is there to confirm it", "look at it, and add --yes")
    answer = input("Run this plan? [y/N] ").strip().lower()
    if answer not in ("y", "yes"):
        raise config_error("plan", "not confirmed; nothing was moved", "say it another way")


def _not_a_plan(proposal: Proposal, thread: str) -> ConfigError:
    draft = proposal.draft
    remedy = f"microscout plan --resume {thread} --answer SLOT=WORDS, or say it in the instruction"
    found = [Finding("plan", "", Level.ERROR, str(no), "") for no in draft.refusals]
    found += [
        Finding("plan", question.slot, Level.ERROR, question.text, remedy)
        for question in draft.questions
    ]
    if not found:
        found = [Finding("plan", "", Level.ERROR, "that is a question", "ask it with: plan")]
    return ConfigError(found)
