"""A service as a real process on the simulated scope, and a real browser that looks at it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml
from playwright.sync_api import sync_playwright

from sim.load import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

PATIENCE_S = 90.0
PACE = 30.0  # simulated seconds in one: a round a minute is one every two seconds


@dataclass(frozen=True)
class Served:
    """A running service."""

    home: Path
    url: str

    def token(self, role: str = "operator") -> str:
        """What opens the door."""
        return (self.home / f"{role}.token").read_text(encoding="utf-8").split()[-1]


def busy_dish(path: Path, side_px: int = 256) -> Path:
    """A scenario in which every cell divides every three hours: some always do."""
    scenario = load_scenario("mitosis_night").model_dump(mode="json")
    scenario["specimen"] |= {"cycling": 1.0, "cycle_h": 3}
    scenario["camera"] |= {"height": side_px, "width": side_px}
    path.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    return path


@contextlib.contextmanager
def serving_process(folder: Path, *, pace: float = PACE, side_px: int = 256) -> Iterator[Served]:
    """`microscout serve` as people start it; ended with a signal, in order, at the end."""
    home, log = folder / "home", folder / "serve.log"
    scenario = busy_dish(folder / "busy.yaml", side_px)
    command = [sys.executable, "-m", "agent.cli.main", "serve", "--simulated"]
    command += ["--pace", str(pace), "--scenario", str(scenario), "--home", str(home)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--port", "0"],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "MICROSCOUT_DATA": str(folder / "data")},
        )
    try:
        ends_s = time.monotonic() + PATIENCE_S
        while not (home / "service.json").exists():
            said = log.read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None, f"the service ended: {said}"
            assert time.monotonic() < ends_s, f"the service does not begin: {said}"
            time.sleep(0.1)
        url = json.loads((home / "service.json").read_text(encoding="utf-8"))["url"]
        yield Served(home, url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, log.read_text(encoding="utf-8", errors="replace")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def until(true: Callable[[], object]) -> None:
    """Wait. (`wait_for_function` evaluates in the page, which the page's policy forbids.)"""
    ends_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < ends_s, "it does not come true"
        time.sleep(0.1)


def chromium() -> str:
    """Where it is; the test is skipped where it is not."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium: apt-get install chromium (make test says where it is missing)")


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
