"""Live commands, stop, attendance and the queue from the terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from agent.client.address import find
from agent.client.http import Client
from agent.client.show import command as line_of
from agent.client.show import experiment, stopped
from agent.finding import ConfigError, config_error
from agent.service.states import ExperimentState
from agent.service.views import ChangeView, CommandView, ExperimentView, StatusView, StopView

if TYPE_CHECKING:
    from agent.client.address import Wanted
    from agent.live.command import LiveCommand

WAIT_S = 5.0  # for a visit boundary, before it is said that it will be done
EVERY_S = 0.25


def send(id_: int | None, command: LiveCommand, wanted: Wanted, *, json: bool = False) -> int:
    """Send a command to an experiment (None: the current one), and see what becomes of it.

    Exit code 0 when it is done or waits for the next visit boundary; a refusal is a ConfigError.
    """
    with Client(find(wanted)) as client:
        return _send(client, _which(client, id_), command, json=json)


def _send(client: Client, id_: int, command: LiveCommand, *, json: bool) -> int:
    where = f"/experiments/{id_}/commands"
    view = client.post(where, CommandView, command.model_dump(mode="json"))
    ends_s = time.monotonic() + WAIT_S
    while view.state == "waiting" and time.monotonic() < ends_s:
        time.sleep(EVERY_S)
        view = client.get(f"{where}/{view.id}", CommandView)
    if view.state == "refused":
        raise config_error(f"experiment {id_}", view.why, "see microscout status")
    print(view.model_dump_json() if json else line_of(view))
    return 0


def stop_now(wanted: Wanted, *, json: bool = False) -> int:
    """Light off at once. Exit code 0 when the light is confirmed off, 1 when it is not."""
    try:
        with Client(find(wanted)) as client:
            view = client.post("/stop", StopView)
    except ConfigError:
        print("NOT STOPPED. Switch the light off by hand.", file=sys.stderr)
        raise
    print(view.model_dump_json() if json else "\n".join(stopped(view)))
    if view.light_off != "confirmed":
        print("The light is NOT confirmed off. Switch it off by hand.", file=sys.stderr)
        return 1
    return 0


def go_on(id_: int | None, command: LiveCommand, wanted: Wanted, *, json: bool = False) -> int:
    """`resume`: end a pause; or go on with what is held or stopped, as the instrument is now."""
    with Client(find(wanted)) as client:
        found = _held(client) if id_ is None else client.get(f"/experiments/{id_}", ExperimentView)
        if found.state not in (ExperimentState.HELD, ExperimentState.STOPPED):
            return _send(client, found.id, command, json=json)
        for difference in found.differences:
            print(f"difference: {difference}", file=sys.stderr)
        view = client.post(f"/experiments/{found.id}/resume", ExperimentView)
    print(view.model_dump_json() if json else experiment(view))
    return 0


def answer(numbers: list[int], wanted: Wanted, *, yes: bool, why: str, kind: str | None) -> int:
    """`approve` and `deny`: [experiment and] the number of a question or of a change.

    Where both a question and a change have the number, `kind` (question, change) must say which.
    """
    from agent.live.command import Approve, Deny

    if not 1 <= len(numbers) <= 2:
        raise config_error("approve", "one number, or experiment and number", "see --help")
    with Client(find(wanted)) as client:
        id_ = _which(client, numbers[0] if len(numbers) == 2 else None)
        number = numbers[-1]
        asks = {one["id"] for one in client.get(f"/experiments/{id_}/asks", list)}
        waits = {
            one["id"]
            for one in client.get(f"/experiments/{id_}/changes", list)
            if one["state"] == "asked"
        }
        fits = [k for k, there in (("question", asks), ("change", waits)) if number in there]
        if kind is not None:
            fits = [k for k in fits if k == kind]
        if not fits:
            message = f"experiment {id_} has no open {kind or 'question or change'} {number}"
            raise config_error(str(number), message, "see microscout status")
        if len(fits) == 2:
            message = f"there are a question {number} and a change {number}"
            raise config_error(str(number), message, "say --question or --change")
        if fits == ["question"]:
            command = (Approve if yes else Deny)(ask=number, why=why)
            return _send(client, id_, command, json=False)
        verb = "confirm" if yes else "refuse"
        view = client.post(f"/experiments/{id_}/changes/{number}/{verb}", ChangeView)
    print(f"change {view.id}: {view.state}")
    return 0


def attend(there: bool, wanted: Wanted) -> int:
    """Somebody is there, or leaves."""
    with Client(find(wanted)) as client:
        view = client.post("/attend", StatusView, {"attended": there})
    print("attended: it asks" if view.attended else "unattended: nobody is asked")
    return 0


def release_queue(wanted: Wanted) -> int:
    """After a stop at once: what waits may begin again."""
    with Client(find(wanted)) as client:
        client.post("/queue/release", StatusView)
    print("the queue goes on")
    return 0


def withdraw(id_: int, wanted: Wanted) -> int:
    """Out of the queue."""
    with Client(find(wanted)) as client:
        view = client.post(f"/experiments/{id_}/withdraw", ExperimentView)
    print(experiment(view))
    return 0


def which(client: Client, id_: int | None) -> int:
    """A given experiment, or the current one. Raises ConfigError when there is none."""
    return _which(client, id_)


def _which(client: Client, id_: int | None) -> int:
    if id_ is not None:
        return id_
    current = client.get("/status", StatusView).current
    if current is None:
        raise config_error("service", "no experiment runs now", "give its number")
    return current.id


def _held(client: Client) -> ExperimentView:
    """The current one, or the latest that is held."""
    current = client.get("/status", StatusView).current
    if current is not None:
        return current
    for one in client.get("/experiments", list, limit=500):
        if one["state"] == ExperimentState.HELD:
            return ExperimentView.model_validate(one)
    raise config_error(
        "service", "no experiment runs or is held", "give the number of a stopped one"
    )
