"""Faults of the whole service: killed, twice, without a network, flooded."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.bench.faults_cell import LIGHT_S, window
from agent.bench.faults_data import Cell, Mark, Row, When, mark
from agent.bench.faults_rig import ROUND_S, plan
from agent.bench.faults_runner import HangsError, until
from agent.bench.faults_served import Clock, ServedRig
from agent.service.supervisor import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = "the service"
FLOOD = 260  # experiments; the queue takes 200
FAR = dt.timedelta(days=30)

SERVICE: tuple[Row, ...] = (
    Row(
        "service_killed",
        "service: kill -9",
        "SIGKILL; with the light on (the camera hangs) where there is any",
        GROUP,
        "",
        long=True,
    ),
    Row(
        "two_services",
        "two services for one microscope",
        "another one is started",
        GROUP,
        "",
        long=True,
    ),
    Row(
        "network_gone",
        "the network is gone",
        "nobody listens where messages go",
        GROUP,
        "",
        long=True,
    ),
    Row(
        "queue_flooded",
        "the queue is flooded",
        f"{FLOOD} experiments are submitted through HTTP",
        GROUP,
        "",
        long=True,
    ),
)


def measure_service(context: Any, row: Row, when: When) -> Cell:
    """A fault of the service."""
    cell = Cell(row.name, when)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        rig = ServedRig(context, Path(made), plan())
        try:
            _WORK[row.name](cell, rig, when)
        except HangsError as error:
            cell.became, cell.note = "hangs", f"{cell.note} {error}"
            cell.truth = cell.recovery = Mark.NO
        finally:
            rig.close()
    return cell


# --------------------------------------------------------------------------- up to the fault


def _until_the_fault(rig: ServedRig, when: When, hangs: bool = False) -> str:
    """Serve, submit, and wait for the moment; the proposal's name."""
    since_s, until_s = window(when)
    fault = {"kind": "camera_hangs", "from_s": since_s, "to_s": until_s}
    hanging = [fault] if hangs and when is not When.IDLE else []
    rig.scenario([] if when is When.RESUMING else hanging)
    rig.serve()
    thread = rig.submit()
    rig.becomes("running", "failed")
    clock = Clock(rig)
    if when is When.REACTING:
        for fov in ("p0", "p1"):
            rig.ask(f"/experiments/{rig.id}/commands", {"command": "burst", "fov": fov})
    if when is When.RESUMING:
        clock.wait(ROUND_S)
        rig.ask(f"/experiments/{rig.id}/commands", {"command": "stop"})
        rig.becomes("stopped")
        rig.repair(hanging)
        rig.ask(f"/experiments/{rig.id}/resume", {})
        rig.becomes("running")
    else:
        clock.wait(since_s)
    if hanging:
        until(lambda: rig.light_s()[1], "light")
    return thread


def _sum_up(cell: Cell, rig: ServedRig, state: str) -> None:
    """What every cell says of itself, once its run is over for good."""
    longest, lit = rig.light_s()
    cell.light_s = round(longest, 2)
    if cell.light is not Mark.NO:
        cell.light = mark(not lit and longest <= LIGHT_S)
    n, wrong = rig.frames_wrong()
    cell.frames = mark(wrong == 0 and n > 0)
    account = rig.account()
    cell.account = mark(account.balances and account.open == 0)
    cell.recovery = mark(state == "complete")
    if state != "complete":
        cell.note += f" it became {state}: {rig.state()[1][:150]}"


# --------------------------------------------------------------------------- the faults


def _killed(cell: Cell, rig: ServedRig, when: When) -> None:
    _until_the_fault(rig, when, hangs=True)
    runners = rig.runner_pids()
    killed_s = time.monotonic()
    rig.kill_service()
    until(lambda: not rig.light_s()[1], "the lamp to be off", 15.0)
    cell.light = mark(time.monotonic() - killed_s <= LIGHT_S)
    until(lambda: not any(_alive(pid) for pid in runners), "the runner's end", 30.0)
    rig.repair()
    rig.serve()
    until(lambda: _compared(*rig.state()), "the comparison with the instrument")
    state, why = rig.state()
    cell.became = state
    cell.truth = mark(state == "held" and ("interrupted" in why or "difference" in why))
    until(lambda: rig.receiver.times("held"), "a message", 20.0)
    cell.message = mark(rig.receiver.times("held") == 1)
    _sum_up(cell, rig, rig.go_on())


def _compared(state: str, why: str) -> bool:
    """Not while it is still to be compared."""
    return state in ("held", "stopped", "complete", "failed") and why != INTERRUPTED


def _two(cell: Cell, rig: ServedRig, when: When) -> None:
    _until_the_fault(rig, when)
    second = rig.serve(first=False)
    second.join(60.0)
    log = (rig.folder / "log").read_text(encoding="utf-8", errors="replace")
    refused = second.exitcode == 2 and "a service runs here already" in log
    cell.became = rig.becomes("complete", "failed", "stopped", "held")
    cell.note = "the second one: a service runs here already" if refused else "NOT refused"
    cell.truth = mark(refused)
    _sum_up(cell, rig, cell.became)


def _network(cell: Cell, rig: ServedRig, when: When) -> None:
    _until_the_fault(rig, when)
    rig.receiver.close()
    known = max((int(m["id"]) for m in rig.ask("/messages")), default=0)
    cell.became = rig.becomes("complete", "failed", "stopped", "held")

    def waiting() -> list[dict[str, Any]]:
        latest = [m for m in rig.ask("/messages") if int(m["id"]) > known]
        return [m for m in latest if m["kind"] == "done" and m["target"] == "hook"]

    until(lambda: any(m["attempts"] > 0 for m in waiting()), "a try", 30.0)
    unsent = all(m["state"] != "sent" for m in waiting())
    before = len(rig.receiver.posts)
    rig.receiver.open()
    until(lambda: len(rig.receiver.posts) > before, "the message", 30.0)
    until(lambda: all(m["state"] == "sent" for m in waiting()), "it to be sent", 30.0)
    time.sleep(1.5)  # another one would come by then
    titles = [str(m["title"]) for m in waiting()]
    came = [str(p.get("title")) for p in rig.receiver.posts[before:]]
    done = sum(title in other for title in titles for other in came)
    cell.message = mark(done == 1)
    cell.truth = mark(unsent)
    cell.note = "the last message waited, and came once" if done == 1 else f"it came {done} times"
    _sum_up(cell, rig, cell.became)


def _flooded(cell: Cell, rig: ServedRig, when: When) -> None:
    import httpx

    thread = _until_the_fault(rig, when)
    later = (dt.datetime.now(dt.UTC) + FAR).isoformat()
    taken, said = 0, ""
    for _ in range(FLOOD):
        try:
            rig.ask("/experiments", {"thread": thread, "start_utc": later})
            taken += 1
        except httpx.HTTPStatusError as error:
            said = f"{error.response.status_code}: {error.response.text[:200]}"
            break
    cell.became = rig.becomes("complete", "failed", "stopped", "held")
    cell.truth = mark(said.startswith("409") and "wait already" in said)
    cell.note = f"after {taken}: {said}"
    _sum_up(cell, rig, cell.became)


def _alive(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


_WORK: dict[str, Callable[[Cell, ServedRig, When], None]] = {
    "service_killed": _killed,
    "two_services": _two,
    "network_gone": _network,
    "queue_flooded": _flooded,
}
