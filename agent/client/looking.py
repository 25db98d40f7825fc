"""`microscout status` and `watch`."""

from __future__ import annotations

import datetime as dt
import sys
import time
from typing import TYPE_CHECKING

from agent.client.address import find
from agent.client.http import Client
from agent.client.show import ask, experiment, lines_of_status
from agent.finding import ConfigError, one_line
from agent.service.views import ExperimentView, StatusView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.client.address import Wanted

AGAIN_S = (1.0, 2.0, 5.0, 10.0)  # rests before a service that went away is looked for again


def status(wanted: Wanted, *, json: bool) -> int:
    """Exit code 0 when the service answers, whatever it says."""
    with Client(find(wanted)) as client:
        view = client.get("/status", StatusView)
    if json:
        print(view.model_dump_json())
    else:
        print("\n".join(lines_of_status(view)))
    return 0


def watch(wanted: Wanted, *, until_done: bool, json: bool) -> int:
    """Print what changes until Ctrl-C, or until nothing runs or waits. Looks again when the
    service went away and comes back.
    """
    last: StatusView | None = None
    tries = 0
    while True:
        try:
            with Client(find(wanted)) as client:
                for _ in client.ticks():
                    view = client.get("/status", StatusView)
                    tries = 0
                    if json:
                        print(view.model_dump_json(), flush=True)
                    else:
                        _say([*news(last, view), *_ended(client, last, view)])
                    last = view
                    if until_done and view.current is None and not view.waiting:
                        return 0
        except ConfigError as error:
            if last is None:
                raise
            if tries == 0:
                print(error, file=sys.stderr)
            time.sleep(AGAIN_S[min(tries, len(AGAIN_S) - 1)])
            tries += 1


def news(last: StatusView | None, now: StatusView) -> Iterator[str]:
    """Lines for what is different from the last look; all of it at the first."""
    if last is None:
        yield from lines_of_status(now)
        return
    if now.headline != last.headline:
        yield one_line(now.headline)
    if _stand(now) != _stand(last) and now.current is not None:
        yield experiment(now.current)
    for change in _differences(last, now):
        yield one_line(change)


def _differences(last: StatusView, now: StatusView) -> Iterator[str]:
    known = {one.id for one in last.asks}
    yield from (ask(one) for one in now.asks if one.id not in known)
    yield from (f"problem: {text}" for text in now.problems if text not in last.problems)
    yield from (f"over: {text}" for text in last.problems if text not in now.problems)
    if now.run is None:
        return
    before = last.run if last.run and last.run.experiment == now.run.experiment else None
    started = set(now.run.bursts) - set(before.bursts if before else ())
    yield from (f"{fov} is imaged fast" for fov in sorted(started))
    ended = set(before.bursts if before else ()) - set(now.run.bursts)
    yield from (f"{fov} is imaged as planned again" for fov in sorted(ended))
    if now.run.errors > (before.errors if before else 0):
        yield f"{now.run.errors} errors so far"
    if now.run.refusals > (before.refusals if before else 0):
        yield f"{now.run.refusals} refusals so far"


def _ended(client: Client, last: StatusView | None, now: StatusView) -> Iterator[str]:
    """What became of what ran or waited and does not any more."""
    for id_ in sorted(_there(last) - _there(now)):
        try:
            yield experiment(client.get(f"/experiments/{id_}", ExperimentView))
        except ConfigError:  # it is followed, not needed
            continue


def _there(view: StatusView | None) -> set[int]:
    if view is None:
        return set()
    return {one.id for one in (view.current, *view.waiting) if one is not None}


def _stand(view: StatusView) -> tuple[object, ...]:
    one = view.current
    return () if one is None else (one.id, one.state, one.why, one.differences)


def _say(lines: Iterable[str]) -> None:
    stamp = dt.datetime.now().strftime("%H:%M:%S")
    for line in lines:
        print(f"{stamp} {line}", flush=True)
