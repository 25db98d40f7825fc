"""Too large, too often, too many, too slow; and a stop that gets through all the same."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from api_kit import BASE, GENEROUS, House, build
from standin import CURRENT
from starlette.testclient import TestClient

from agent.service.states import Door
from agent.web import stopping
from agent.web.events import EventHub, fingerprint
from agent.web.guard import Caller
from agent.web.rate import MOST_CLIENTS, RateLimit
from agent.web.sessions import MOST_SESSIONS, Sessions
from agent.web.settings import WebConfig, WebLimits
from agent.web.shield import STOP_PATHS, STOPS, _kind
from agent.web.tokens import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from standin import StandIn

    from agent.service.views import StopView

ENDS_WITHIN_S = 20.0
HERE = f"/api/v1/experiments/{CURRENT}"


# ---------------------------------------------------------------------- size


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/api/v1/proposals", 1_048_577, 413),
        ("/api/v1/proposals", 1_000_000, 422),  # it is read: too many words
        ("/api/v1/proposals/yaml", 262_145, 413),
        ("/login", 1_048_577, 413),
        ("/api/v1/stop", 1_048_577, 413),
    ],
)
def test_what_is_too_large_is_not_read(house: House, path: str, size: int, status: int) -> None:
    body = b'{"words": "' + b"x" * (size - 13) + b'"}'
    headers = house.bearer() | {"content-type": "application/json"}
    response = house.client.post(path, content=body, headers=headers)
    assert response.status_code == status
    assert response.json()["error"] in ("too_large", "bad_input")


def test_what_does_not_say_its_length_is_counted(house: House) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(300):
            yield b"x" * 8192

    headers = house.bearer() | {"content-type": "application/json"}
    response = house.client.post("/api/v1/proposals", content=parts(), headers=headers)
    assert response.status_code == 413
    assert response.headers["connection"] == "close"


def test_a_length_that_is_none(house: House) -> None:
    for length in ("-1", "1e3", "0x10", "9" * 400):
        headers = house.bearer() | {"content-length": length}
        response = house.client.post("/api/v1/attend", content=b"{}", headers=headers)
        assert response.status_code in (400, 413), length


def test_deep_and_broken_json_is_bad_input(house: House) -> None:
    headers = house.bearer() | {"content-type": "application/json"}
    for body in (b"[" * 200_000, b"{", b"\xff\xfe", b'{"words": "\\ud800"}', b"", b"nul"):
        response = house.client.post("/api/v1/proposals", content=body, headers=headers)
        assert response.status_code in (400, 422), body[:20]
        assert response.json()["error"] in ("bad_request", "bad_input")


# ---------------------------------------------------------------------- how often


def test_who_asks_too_often_is_told_to_wait_but_may_stop(tmp_path: Path, standin: StandIn) -> None:
    house = build(tmp_path, standin, WebConfig(limits=WebLimits(requests_per_s=0.01, burst=5)))
    got = [house.ask("/status").status_code for _ in range(7)]
    assert got == [200] * 5 + [429] * 2
    assert int(house.ask("/status").headers["retry-after"]) > 10
    assert house.do("/stop").status_code == 200
    other = TestClient(house.app, base_url=BASE, client=("10.0.0.7", 1))
    assert other.get("/api/v1/status", headers=house.bearer()).status_code == 200


def test_the_rate_fills_up_again_and_forgets_clients_it_has_no_room_for() -> None:
    now = [0.0]
    limit = RateLimit(2.0, 3, lambda: now[0])
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    now[0] = 0.5
    assert limit.take("a") == 0
    for n in range(MOST_CLIENTS + 10):
        limit.take(f"client {n}")
    assert len(limit._left) == MOST_CLIENTS


def test_sessions_are_bounded() -> None:
    sessions = Sessions(10, lambda: 0.0)
    ids = [sessions.open("Ada", Role.VIEWER, "s")[0] for _ in range(MOST_SESSIONS + 1)]
    assert sessions.find(ids[0], lambda _: "s") is None
    assert sessions.find(ids[-1], lambda _: "s") is not None
    assert "s" not in repr(sessions.find(ids[-1], lambda _: "s")).replace("session", "").split("=")


# ---------------------------------------------------------------------- when all is full


class Stuck:
    """Calls that hang until they are let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.n = 0

    def __call__(self, *_: object, **__: object) -> Any:
        self.n += 1
        self.go.wait(ENDS_WITHIN_S)
        raise RuntimeError("let go")


def test_a_stop_gets_through_when_everything_else_hangs(
    tmp_path: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All threads busy, all places taken, the service's own lock held for ever."""
    stuck = Stuck()
    for name in ("status", "command", "instruct", "experiment", "health", "tell"):
        monkeypatch.setattr(standin, name, stuck)
    limits = GENEROUS.model_copy(update={"concurrent": 20})
    house = build(tmp_path, standin, WebConfig(limits=limits))
    answered: list[int] = []
    paths = ("/status", "/health", "/experiments/2", "/experiments/2/plan")
    holder = threading.Thread(target=lambda: (standin._lock.acquire(), stuck.go.wait()))
    holder.start()
    with house.client:
        knocking = [
            threading.Thread(target=lambda p=p: answered.append(house.ask(p).status_code))
            for p in paths * 8
        ]
        for thread in knocking:
            thread.start()
        _until(lambda: len(answered) >= 12)  # the others are told that it is busy
        assert set(answered) == {503}
        began_s = time.monotonic()
        response = house.do("/stop")
        took_s = time.monotonic() - began_s
        stuck.go.set()
        for thread in (*knocking, holder):
            thread.join(ENDS_WITHIN_S)
    assert response.json()["light_off"] == "confirmed"
    assert took_s < 5.0
    assert standin.stops == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_stops_whose_form_comes_slowly_stand_in_no_operators_way(house: House, role: Role) -> None:
    """A viewer's are turned away unread; an operator's pages on a bad line hold up no program."""
    house.log_in(role)
    cookie = f"{house.guard.cookie}={house.client.cookies[house.guard.cookie]}"
    form = ("content-type", "application/x-www-form-urlencoded"), ("content-length", "20")
    slow = [("cookie", cookie), *form]

    async def story() -> int:
        said: list[int] = []

        async def post(headers: list[tuple[str, str]], *, hangs: bool) -> int:
            async def receive() -> Any:
                await asyncio.sleep(3600 if hangs else 0)
                return {"type": "http.request", "body": b"", "more_body": False}

            got: list[int] = []

            async def send(message: Any) -> None:
                got.append(message.get("status", 0))

            await house.app(_stop_scope(headers), receive, send)
            said.append(got[0])
            return got[0]

        waiting = [asyncio.create_task(post(slow, hangs=True)) for _ in range(STOPS + 1)]
        ends_s = time.monotonic() + ENDS_WITHIN_S
        turned_away = 1 if role is Role.OPERATOR else STOPS + 1
        while len(said) < turned_away:
            assert time.monotonic() < ends_s, said
            await asyncio.sleep(0.01)
        assert set(said) == {503 if role is Role.OPERATOR else 403}
        status = await post(list(house.bearer().items()), hangs=False)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return status

    assert asyncio.run(story()) == 200
    assert house.service.stops == 1


def test_whose_places_a_stop_takes() -> None:
    """Places that an assistant or a viewer can fill are none of an operator's."""
    for path in STOP_PATHS:
        taken = {role: _kind(path, Caller("Ada", role, Door.API)) for role in Role}
        assert taken == {"viewer": "known", "assistant": "assistant", "operator": "stop"}
    assert _kind("/api/v1/stop", None) == "stranger"
    assert _kind("/api/v1/status", Caller("Ada", Role.OPERATOR, Door.API)) == "known"


def _stop_scope(headers: list[tuple[str, str]]) -> dict[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in [("host", "127.0.0.1"), *headers]]
    path = "/api/v1/stop"
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": raw,
        "client": ("10.0.0.9", 1),
        "server": ("127.0.0.1", 80),
    }


def test_a_stop_that_hangs_is_said_and_does_not_stand_in_the_way_of_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, real = Stuck(), house.service.stop_now
    monkeypatch.setattr(stopping, "STOP_WITHIN_S", 0.2)
    monkeypatch.setattr(house.service, "stop_now", stuck)
    for _ in range(3):
        view = house.do("/stop").json()
        assert (view["stopped"], view["light_off"]) == (False, "not confirmed")
        assert "by hand" in " ".join(view["could_not_stop"])
    monkeypatch.setattr(house.service, "stop_now", real)
    assert house.do("/stop").json()["light_off"] == "confirmed"
    stuck.go.set()


def test_a_stop_that_fails_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> StopView:
        raise OSError("no")

    monkeypatch.setattr(house.service, "stop_now", broken)
    view = house.do("/stop").json()
    assert (view["stopped"], view["light_off"]) == (False, "not confirmed")


def test_words_that_take_long_do_not_keep_a_status_from_being_answered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Stuck()
    monkeypatch.setattr(house.service, "instruct", stuck)
    answered: list[int] = []

    def instruct() -> None:
        answered.append(house.do("/proposals", {"words": "x"}).status_code)

    threads = [threading.Thread(target=instruct) for _ in range(14)]
    for thread in threads:
        thread.start()
    _until(lambda: answered == [503] * 4)  # two at work, eight in line
    assert stuck.n == 2
    assert house.ask("/status").status_code == 200
    stuck.go.set()
    for thread in threads:
        thread.join(ENDS_WITHIN_S)
    assert answered[4:] == [500] * 10


def test_what_was_begun_and_takes_too_long_is_not_said_to_be_undone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that is told to try again would have it done twice."""
    stuck, doors = Stuck(), house.app.state.parts.doors
    monkeypatch.setattr(house.service, "command", stuck)
    monkeypatch.setattr(house.service, "health", stuck)
    monkeypatch.setattr(doors.act, "_timeout_s", 0.2)
    monkeypatch.setattr(doors.look, "_timeout_s", 0.2)
    send = f"/experiments/{CURRENT}/commands"
    looked = house.ask("/health")
    assert (looked.status_code, looked.json()["error"]) == (503, "slow")
    assert "retry-after" in looked.headers, "a look may be asked again"
    monkeypatch.setattr(doors.look, "_timeout_s", ENDS_WITHIN_S)
    for _ in range(4):  # all threads
        begun = house.do(send, {"command": "pause"})
        assert (begun.status_code, begun.json()["error"]) == (504, "unknown")
        assert "may have been done" in begun.json()["message"]
        assert "before trying again" in begun.json()["remedy"]
        assert "retry-after" not in begun.headers
    waited = house.do(send, {"command": "pause"})
    assert (waited.status_code, waited.json()["error"]) == (503, "busy")
    stuck.go.set()
    _until(lambda: doors.act._busy == 0)
    assert stuck.n == 5, "what was said not to be begun is not begun later"


def test_a_fault_while_something_is_done_says_that_it_may_have_been_done(
    tmp_path: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise OSError("no")

    house = build(tmp_path, standin)
    monkeypatch.setattr(standin, "command", broken)
    monkeypatch.setattr(standin, "health", broken)
    done = house.do(f"/experiments/{CURRENT}/commands", {"command": "pause"})
    assert (done.status_code, done.json()["error"]) == (500, "fault")
    assert "may have been done" in done.json()["remedy"]
    assert "may have been done" not in house.ask("/health").json()["remedy"]


# ---------------------------------------------------------------------- telling of changes


def test_one_look_serves_all_who_listen_and_nobody_looks_for_nobody() -> None:
    async def story() -> None:
        value = [0]

        async def look() -> int:
            return value[0]

        hub = EventHub(look, most=3, every_s=0.01)
        streams = [await hub.listen(lambda: True) for _ in range(3)]
        for stream in streams:
            assert "changed" in await anext(stream)
        with pytest.raises(Exception, match="too many pages listen"):
            await hub.listen(lambda: True)
        for n in range(1, 4):
            await asyncio.sleep(0.03)
            value[0] = n
            ticks = [await asyncio.wait_for(anext(stream), 5) for stream in streams]
            assert len(set(ticks)) == 1
        for n in range(9, 12):  # nobody reads: three changes, one tick, and none is lost
            value[0] = n
            await asyncio.sleep(0.05)
        assert '"n": 6' in await anext(streams[0])
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(0.1)
        looks = hub.looks
        await asyncio.sleep(0.1)
        assert hub.looks == looks
        assert hub.listeners == 0

    asyncio.run(story())


def test_streams_end_when_the_hub_closes_or_one_may_not_look_any_more() -> None:
    async def story() -> None:
        async def look() -> float:
            return time.monotonic()

        hub, open_ = EventHub(look, most=3, every_s=0.01), [True]
        first = await hub.listen(lambda: open_[0])
        second = await hub.listen(lambda: True)
        await anext(first)
        await anext(second)
        open_[0] = False
        assert [line async for line in first] == []
        hub.close()
        assert [line async for line in second] == []

    asyncio.run(story())


def test_a_look_that_fails_is_looked_again() -> None:
    async def story() -> None:
        calls = [0]

        async def look() -> int:
            calls[0] += 1
            if calls[0] < 3:
                raise OSError("disk")
            return calls[0]

        hub = EventHub(look, most=1, every_s=0.01)
        stream = await hub.listen(lambda: True)
        await anext(stream)
        assert "changed" in await asyncio.wait_for(anext(stream), 5)
        hub.close()
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(story())


def test_the_fingerprint_changes_with_queue_and_journal(
    standin: StandIn, finished_run: Path
) -> None:
    first = fingerprint(standin)
    assert fingerprint(standin) == first
    standin.hold("x")
    second = fingerprint(standin)
    assert second != first
    journal = finished_run / "journal.sqlite"
    journal.touch()
    assert fingerprint(standin) != second


def _until(true: Any) -> None:
    ends_s = time.monotonic() + ENDS_WITHIN_S
    while not true():
        assert time.monotonic() < ends_s, "it does not come to that"
        time.sleep(0.01)
