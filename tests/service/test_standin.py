"""The stand-in keeps to the contract: what the doors' tests rest on."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, cast

from standin import CURRENT, NEXT, Person, StandIn

from agent.live.command import Approve, Pause, Resume
from agent.service.contract import Service
from agent.service.states import ExperimentState
from agent.service.views import CommandView, ExperimentView, RefusalView

if TYPE_CHECKING:
    from pathlib import Path


def _is_a_service(standin: StandIn) -> Service:
    return standin  # mypy looks at it


def test_it_has_every_method_of_the_contract_with_its_parameters() -> None:
    for name, wanted in inspect.getmembers(Service, inspect.isfunction):
        if not name.startswith("_"):
            found = inspect.signature(getattr(StandIn, name))
            assert list(found.parameters) == list(inspect.signature(wanted).parameters), name


def test_words_become_an_experiment(standin: StandIn) -> None:
    asked = standin.instruct("unclear", Person())
    assert asked.outcome == "ask"
    assert isinstance(standin.submit(asked.thread, Person()), RefusalView)
    planned = standin.answer(asked.thread, {"duration_s": "12 h"}, Person())
    assert not isinstance(planned, RefusalView)
    assert planned.outcome == "plan"
    made = cast("ExperimentView", standin.submit(planned.thread, Person(), after=NEXT))
    assert (made.state, made.after) == (ExperimentState.WAITING, NEXT)


def test_commands_change_what_is_shown(standin: StandIn, finished_run: Path) -> None:
    for command, state in ((Pause(), ExperimentState.PAUSED), (Resume(), ExperimentState.RUNNING)):
        assert cast("CommandView", standin.command(CURRENT, command, Person())).state == "done"
        current = standin.status().current
        assert current is not None
        assert current.state is state
    standin.command(CURRENT, Approve(ask=1), Person())
    assert standin.status().asks == ()
    run = standin.status().run
    assert run is not None
    assert run.visits["delivered"] > 10
    assert standin.run_dir(CURRENT) == finished_run
