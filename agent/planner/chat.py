"""Any LangChain chat model as the planner's reader, with the embedded one behind it.

The model says which words belong to which slot; code reads every value from these words. What it
said is plain data (`Told`) that can be kept: the same data make the same draft, without a call.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

from pydantic import ValidationError

from agent.planner.chat_budget import BudgetUsedUp, Purse
from agent.planner.chat_call import REFUSED, ChatCalls
from agent.planner.chat_form import Form, as_data, form_for, repair, rules
from agent.planner.chat_items import Fault, values
from agent.planner.chat_merge import merge
from agent.planner.chat_quotes import Around, find
from agent.planner.draft import Draft, Intent, No
from agent.planner.understand import understand
from policies.remote.chat_faults import ChatFailed, Unfit

if TYPE_CHECKING:
    import datetime as dt

    from agent.planner.chat_call import Message
    from agent.planner.chat_options import ChatOptions
    from agent.planner.chat_quotes import Read
    from hardware.data import MicroscopeConfig


class Told(TypedDict, total=False):
    """What a model said of an instruction, as plain data. Empty: no model was asked."""

    model: str
    form: dict[str, Any]  # left out where it gave none
    why: str  # then: in our own words
    note: str  # what else a person should know
    calls: int
    tokens: int
    cost: float  # left out where the prices are not known


class ChatReader:
    """Reads instructions with a chat model.

    Whatever goes wrong with it (no answer, not the form, a refusal, over the budget), the embedded
    reader takes over and a note in the draft says so.
    """

    def __init__(self, options: ChatOptions, embedded: Read = understand) -> None:
        self._options = options
        self._embedded = embedded

    @property
    def name(self) -> str:
        """As in the options: `provider:model`."""
        return self._options.model

    def read(self, instruction: str, config: MicroscopeConfig, now: dt.datetime) -> Draft:
        """Ask, and make a draft of it. Never raises for what a model or a server does."""
        told = self.ask(instruction, config, now)
        return self.draft(instruction, told, config, now)

    def draft(
        self, instruction: str, told: Told, config: MicroscopeConfig, now: dt.datetime
    ) -> Draft:
        """The draft of what was told. Calls nobody."""
        return draft_of(instruction, told, config, now, self._embedded)

    def ask(self, instruction: str, config: MicroscopeConfig, now: dt.datetime) -> Told:
        """What the model says: at most one form, and one repaired one."""
        purse = Purse(self._options)
        told = Told(model=self.name)
        embedded = self._embedded(instruction, config, now)
        if embedded.refusals:  # it holds whatever a model says
            return Told()
        calls = ChatCalls(self._options, purse, form_for(config))
        messages: list[Message] = [("system", rules(config)), ("human", as_data(instruction))]
        around = Around(embedded, self._embedded, config, now)
        try:
            form, note = _form(calls, messages, around)
            told["form"] = form.model_dump()
            told["note"] = note
        except (ChatFailed, Unfit, BudgetUsedUp) as error:
            told["why"] = str(error)
        told["calls"], told["tokens"] = purse.calls, purse.tokens
        if purse.cost is not None:
            told["cost"] = purse.cost
        return told


def draft_of(
    instruction: str,
    told: Told,
    config: MicroscopeConfig,
    now: dt.datetime,
    embedded: Read = understand,
) -> Draft:
    """The draft of an instruction and of what a model said of it; pure.

    The form is checked again item by item: what was kept is data as well.
    """
    draft = embedded(instruction, config, now)
    if not told or draft.refusals:
        return draft
    name = told["model"]
    if "form" not in told:
        note = f"model {name}: {told['why']}; {TOOK_OVER}"
        return _noting(draft, note)
    try:
        form = form_for(config).model_validate(told["form"])
    except ValidationError:  # of another microscope, or of an older one
        return _noting(draft, f"model {name}: its form is not one of this microscope; {TOOK_OVER}")
    around = Around(draft, embedded, config, now)
    items = values(form, around)
    if form.intent == "refuse":
        quoted = find(form.refused, instruction)
        if not quoted:
            return _noting(draft, f"model {name}: it refused without saying what; {TOOK_OVER}")
        items = replace(items, refusals=(*items.refusals, _refused(name, str(quoted[0]))))
    merged = merge(draft, items, Intent(form.intent), config)
    left_out = [
        f"left out: the model {name} gave {fault.slot}, and {fault.why}" for fault in items.faults
    ]
    notes = [_used(told), *([told["note"]] if told.get("note") else []), *left_out]
    return _noting(merged, *notes)


TOOK_OVER = "the embedded planner read this instruction"


def _form(calls: ChatCalls, messages: list[Message], around: Around) -> tuple[Form, str]:
    """The form, repaired once where it needs it, and a note."""
    try:
        form = calls.ask(messages)
    except Unfit as error:
        if str(error) == REFUSED:
            raise
        return calls.ask([*messages, ("human", repair([str(error)]))]), ""
    faults = _faults(form, around)
    if not faults:
        return form, ""
    again: list[Message] = [
        *messages,
        ("ai", form.model_dump_json()),
        ("human", repair([f"{fault.slot}: {fault.why}" for fault in faults])),
    ]
    try:
        return calls.ask(again), ""
    except (ChatFailed, Unfit, BudgetUsedUp) as error:
        return form, f"the model could not be asked to mend its form: {error}"


def _faults(form: Form, around: Around) -> tuple[Fault, ...]:
    faults = values(form, around).faults
    if form.intent == "refuse" and not find(form.refused, around.text):
        return (*faults, Fault("refused", "it must be the exact words that cannot be done"))
    return faults


def _refused(name: str, what: str) -> No:
    return No(
        "vocabulary",
        what,
        f"the model {name} finds that this is nothing MicroScout does",
        "Leave it out, or leave the model out (the embedded planner reads it then).",
    )


def _used(told: Told) -> str:
    cost = f", {told['cost']:.4g} in money" if "cost" in told else ""
    return (
        f"read by the model {told['model']} ({told['calls']} call(s), {told['tokens']:,} tokens"
        f"{cost}); code read every value from the words"
    )


def _noting(draft: Draft, *notes: str) -> Draft:
    return replace(draft, notes=(*draft.notes, *notes))
