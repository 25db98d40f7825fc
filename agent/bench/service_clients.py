"""Clients of a service under test, in processes of their own: pages, programs, assistants, people.

Each process asks again and again and notes how long every answer took. Started as
`python -m agent.bench.service_clients`: what it is comes as one JSON line on stdin, what it saw
goes out as one on stdout when stdin ends. The token is on no command line.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import httpx

PAGE_S, API_S, PEOPLE_S = 1.0, 0.5, 4.0  # a page looks once a second, a program twice
END_WITHIN_S = 30.0
MOST_BAD = 1000
ASSISTANTS = "assistants"  # the kind that has a token of its own
_PICTURE = re.compile(r'<img src="(/experiments/[^"]+)"')


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many clients of one kind: pages, programs, assistants, people."""

    kind: str
    number: int


@dataclass(slots=True)
class Answers:
    """What clients got: seconds of each answer by path, and what was no good answer."""

    took_s: dict[str, list[float]] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)
    events: int = 0
    commands: list[int] = field(default_factory=list)
    """Ids of the commands that the service took."""

    def note(self, path: str, took_s: float, wrong: str = "") -> None:
        """One answer."""
        self.took_s.setdefault(path, []).append(took_s)
        if wrong and len(self.bad) < MOST_BAD:
            self.bad.append(f"{path}: {wrong}")

    def add(self, other: dict[str, Any]) -> None:
        """What another process saw."""
        for path, took in other["took_s"].items():
            self.took_s.setdefault(path, []).extend(took)
        self.bad += other["bad"]
        self.events += other["events"]
        self.commands += other["commands"]


@contextlib.contextmanager
def attached(
    url: str,
    token: str,
    experiment: int,
    crowds: Sequence[Crowd],
    answers: Answers,
    *,
    assistant: str = "",
) -> Iterator[None]:
    """Clients at work until the block ends; then `answers` has what they saw.

    `token`: an operator's; `assistant`: the assistants' own.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "agent.bench.service_clients"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in crowds
    ]
    try:
        for process, crowd in zip(processes, crowds, strict=True):
            key = assistant if crowd.kind == ASSISTANTS else token
            what = asdict(crowd) | {"url": url, "token": key, "experiment": experiment}
            pipe = _pipe(process.stdin)
            pipe.write(json.dumps(what).encode() + b"\n")
            pipe.flush()
        yield
    finally:
        for process in processes:
            _pipe(process.stdin).close()
        for process in processes:
            with _pipe(process.stdout) as out:
                said = out.read()
            if process.wait(END_WITHIN_S) == 0:
                answers.add(json.loads(said))
            else:
                answers.bad.append(f"a client died with {process.returncode}")


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


# ---------------------------------------------------------------------- in the other process


@dataclass(slots=True)
class Seat:
    """Where one process's clients sit."""

    url: str
    token: str
    experiment: int
    answers: Answers = field(default_factory=Answers)
    over: threading.Event = field(default_factory=threading.Event)

    def client(self) -> httpx.Client:
        """One connection."""
        import httpx

        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20.0, trust_env=False)

    def get(self, client: httpx.Client, path: str, name: str = "") -> str:
        """One answer's text, noted under a name."""
        import httpx

        name, began = name or path.partition("?")[0], time.perf_counter()
        try:
            response = client.get(path)
        except httpx.HTTPError as error:
            self.answers.note(name, time.perf_counter() - began, type(error).__name__)
            return ""
        good = response.status_code == 200
        self.answers.note(
            name, time.perf_counter() - began, "" if good else str(response.status_code)
        )
        return response.text if good and "text" in response.headers["content-type"] else ""


def page(seat: Seat) -> None:
    """As the page's script does: looks when it hears of a change, once a second at most."""
    one, pictures = f"/experiments/{seat.experiment}", set[str]()
    with seat.client() as client:
        while not seat.over.wait(PAGE_S):
            for path in ("/", one):
                for picture in _PICTURE.findall(seat.get(client, path, f"page {path}")):
                    if picture not in pictures:  # a browser keeps those that it has
                        pictures.add(picture)
                        seat.get(client, picture.replace("&amp;", "&"), "picture")


def listen(seat: Seat) -> None:
    """The page's stream of changes."""
    import httpx

    while not seat.over.is_set():
        try:
            with seat.client() as client, client.stream("GET", "/api/v1/events", timeout=2.0) as s:
                for line in s.iter_lines():
                    if seat.over.is_set():
                        return
                    seat.answers.events += line.startswith("event: changed")
        except httpx.HTTPError:
            seat.over.wait(0.2)  # quiet for two seconds: listen again


def program(seat: Seat) -> None:
    """A script of somebody, and what collects metrics."""
    one = f"/api/v1/experiments/{seat.experiment}"
    paths = ("/api/v1/status", f"{one}/run", f"{one}/frames?limit=1", "/api/v1/messages")
    with seat.client() as client:
        while not seat.over.wait(API_S):
            for path in (*paths, "/metrics"):
                seat.get(client, path)


def assistant(seat: Seat) -> None:
    """The official MCP client over streamable HTTP."""
    import asyncio

    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    async def work() -> None:
        headers = {"Authorization": f"Bearer {seat.token}"}
        async with (
            create_mcp_http_client(headers=headers) as http,
            Client(streamable_http_client(f"{seat.url}/mcp", http_client=http)) as client,
        ):
            await client.list_tools()
            while not seat.over.is_set():
                for tool in ("status", "run", "timeline", "frames"):
                    began = time.perf_counter()
                    result = await client.call_tool(tool, {})
                    outcome = str((result.structured_content or {}).get("outcome"))
                    wrong = "" if outcome == "done" else outcome
                    seat.answers.note(f"mcp {tool}", time.perf_counter() - began, wrong)
                await asyncio.sleep(API_S)

    asyncio.run(work())


def person(seat: Seat) -> None:
    """Somebody who cannot leave it alone: holds, releases, adds, focuses, pauses and resumes."""
    chance = random.Random(seat.experiment)
    with seat.client() as client:
        while not seat.over.wait(chance.uniform(0.5, 1.5) * PEOPLE_S):
            fov = f"p{chance.randrange(4)}"
            for command in chance.choice(
                (
                    ({"command": "hold", "fov": fov}, {"command": "release", "fov": fov}),
                    ({"command": "add", "fov": fov, "delay_s": 60},),
                    ({"command": "refocus", "fov": fov},),
                    ({"command": "pause"}, {"command": "resume"}),
                )
            ):
                began = time.perf_counter()
                path = f"/api/v1/experiments/{seat.experiment}/commands"
                response = client.post(path, json=command)
                took = time.perf_counter() - began
                if response.status_code == 200:
                    seat.answers.commands.append(int(response.json()["id"]))
                over = response.status_code == 409  # the run came to its end
                wrong = "" if response.status_code == 200 or over else str(response.status_code)
                seat.answers.note("command", took, wrong)
                time.sleep(1.0)  # a pause is one


KINDS: dict[str, tuple[Callable[[Seat], None], ...]] = {
    "pages": (page, listen),
    "programs": (program,),
    ASSISTANTS: (assistant,),
    "people": (person,),
}


def main() -> int:
    """Until stdin ends."""
    said = json.loads(sys.stdin.readline())
    seats = [
        (work, Seat(said["url"], said["token"], said["experiment"]))
        for work in KINDS[said["kind"]]
        for _ in range(said["number"])
    ]
    threads = [threading.Thread(target=_safely, args=seat) for seat in seats]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    for _, seat in seats:
        seat.over.set()
    answers = Answers()
    for thread, (_, seat) in zip(threads, seats, strict=True):
        thread.join(END_WITHIN_S / 2)
        answers.add(asdict(seat.answers))
    print(json.dumps(asdict(answers)))
    return 0


def _safely(work: Callable[[Seat], None], seat: Seat) -> None:
    try:
        work(seat)
    except Exception as error:
        seat.answers.bad.append(f"{work.__name__}: ended by {type(error).__name__}: {error}"[:200])


if __name__ == "__main__":
    sys.exit(main())
