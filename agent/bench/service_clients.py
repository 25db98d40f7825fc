"""Clients of a service under test: each asks again and again, and notes how long answers took."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

PAGE_S, API_S = 1.0, 0.5  # a page looks once a second, a program twice


@dataclass(slots=True)
class Answers:
    """What clients got: seconds of each answer by path, and every status that is not 200."""

    took_s: dict[str, list[float]] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)
    events: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, path: str, took_s: float, status: int) -> None:
        """One answer."""
        with self.lock:
            self.took_s.setdefault(path, []).append(took_s)
            if status != 200:
                self.bad.append(f"{path}: {status}")


@contextlib.contextmanager
def attached(
    url: str, token: str, experiment: int, answers: Answers, *, pages: int, programs: int
) -> Iterator[None]:
    """So many pages and API clients, until the block ends."""
    over = threading.Event()
    one = f"/api/v1/experiments/{experiment}"
    page = ("/", f"/experiments/{experiment}")
    api = ("/api/v1/status", f"{one}/run", f"{one}/frames?limit=1", "/api/v1/messages", "/metrics")
    threads = [
        threading.Thread(target=_pull, args=(url, token, paths, every_s, answers, over))
        for paths, every_s, n in ((page, PAGE_S, pages), (api, API_S, programs))
        for _ in range(n)
    ]
    threads += [
        threading.Thread(target=_listen, args=(url, token, answers, over)) for _ in range(pages)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(15)


def _client(url: str, token: str) -> httpx.Client:
    import httpx

    return httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=10.0, trust_env=False
    )


def _pull(
    url: str,
    token: str,
    paths: tuple[str, ...],
    every_s: float,
    answers: Answers,
    over: threading.Event,
) -> None:
    import httpx

    with _client(url, token) as client:
        while not over.is_set():
            for path in paths:
                began = time.perf_counter()
                try:
                    status = client.get(path).status_code
                except httpx.HTTPError as error:
                    with answers.lock:
                        answers.bad.append(f"{path}: {type(error).__name__}")
                    continue
                answers.note(path.partition("?")[0], time.perf_counter() - began, status)
            over.wait(every_s)


def _listen(url: str, token: str, answers: Answers, over: threading.Event) -> None:
    import httpx

    while not over.is_set():
        try:
            with (
                _client(url, token) as client,
                client.stream("GET", "/api/v1/events", timeout=2.0) as stream,
            ):
                for line in stream.iter_lines():
                    if over.is_set():
                        return
                    if line.startswith("data"):
                        with answers.lock:
                            answers.events += 1
        except httpx.HTTPError:
            over.wait(0.2)  # quiet for two seconds: listen again
