"""What a cell is measured with: a lamp and runners as processes, their files, what they left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from agent.account import account
from agent.bench.faults_runner import PATIENCE_S, HangsError, Runner
from agent.journal.database import Database
from agent.journal.journal import FILE_NAME
from agent.journal.live import LiveBook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.account import Account

ROUND_S, ROUNDS = 20.0, 5
PACE = 20.0  # a round takes one real second
TIMEOUTS = {"move_s": 1.0, "snap_s": 1.0}
DARK_FRAME = {"exposure_ms": 10.0, "mean_below": 102.0}  # the simulated camera's offset is 100


class Rig:
    """A folder with a microscope, a lamp, a plan and a run."""

    def __init__(
        self,
        context: Any,
        folder: Path,
        plan: dict[str, Any] | None = None,
        *,
        dark_frame: bool = False,
    ) -> None:
        self.context, self.folder = context, folder
        self.run = folder / "run"
        self.witness = folder / "witness.jsonl"
        self.lamp_record = folder / "lamp.jsonl"
        self.runners: list[Runner] = []
        self.options: dict[str, Any] = {"witness": str(self.witness)}
        self.at_mending: list[Callable[[], None]] = []
        self.remarks: dict[str, tuple[bool, str]] = {}  # what was seen on the way: good, in words
        self.pace: float | None = PACE
        self._dark_frame = DARK_FRAME if dark_frame else None
        self._lamp, self.address = self._light()
        self._microscope()
        self.plan(**(plan or {}))

    # ------------------------------------------------------------------ files

    def plan(self, **changes: Any) -> None:
        """Write the plan; `changes` replace whole sections."""
        content = plan() | changes
        (self.folder / "plan.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def scenario(self, faults: list[dict[str, Any]]) -> str:
        """The simulated specimen, empty and small, with what goes wrong; its YAML."""
        from sim.load import load_scenario

        content = load_scenario("empty").model_dump(mode="json")
        content["camera"] |= {"height": 64, "width": 64}
        content["faults"] = faults
        text = yaml.safe_dump(content)
        (self.folder / "scenario.yaml").write_text(text, encoding="utf-8")
        return text

    def repair(self, faults: list[dict[str, Any]] | None = None) -> None:
        """Before the next resume the instrument has these faults: none, unless given."""
        text = self.scenario(faults or [])
        with contextlib.closing(sqlite3.connect(self.journal)) as db, db:
            db.execute("UPDATE run SET value=? WHERE key='scenario'", (text,))

    # ------------------------------------------------------------------ processes

    def start(self, faults: list[dict[str, Any]] | None = None, **options: Any) -> Runner:
        """A new run."""
        self.scenario(faults or [])
        return self._runner("start", self.pace, options)

    def resume(
        self, *, pace: float | None = None, accepted: tuple[str, ...] = (), **options: Any
    ) -> Runner:
        """The run goes on; without `pace` as fast as it can."""
        return self._runner("resume", pace, options, accepted)

    def _runner(
        self,
        action: str,
        pace: float | None,
        options: dict[str, Any],
        accepted: tuple[str, ...] = (),
    ) -> Runner:
        spec = self.folder / f"spec{len(self.runners)}.json"
        content = {
            "action": action,
            "run": str(self.run),
            "plan": str(self.folder / "plan.yaml"),
            "microscope": str(self.folder / "scope.yaml"),
            "simulated": {
                "scenario": str(self.folder / "scenario.yaml"),
                "pace": pace,
                "lamp": self.address,
            },
            "accepted": list(accepted),
        }
        spec.write_text(json.dumps(content), encoding="utf-8")
        made = Runner(self.context, spec, self.folder / "log", self.options | options)
        self.runners.append(made)
        return made

    def close(self) -> None:
        """End every process."""
        for runner in self.runners:
            runner.close()
        if self._lamp.is_alive():
            os.kill(self._lamp.pid, signal.SIGKILL)
        self._lamp.join(5.0)

    def _light(self) -> tuple[Any, str]:
        from agent.bench.faults_child import lamp

        port, told = self.context.Pipe(duplex=False)
        process = self.context.Process(target=lamp, args=(told, str(self.lamp_record)), daemon=True)
        process.start()
        told.close()
        if not port.poll(PATIENCE_S):
            raise HangsError("the lamp does not start")
        return process, f"127.0.0.1:{port.recv()}"

    def _microscope(self) -> None:
        from agent.dump import dump_model
        from agent.load import load_microscope

        content = yaml.safe_load(dump_model(load_microscope("demo").config))
        switch = {"kind": "tcp", "address": self.address, "send": "OFF\n", "expect": "OFF"}
        content |= {"dead_man": {"switches": [switch]}, "timeouts": TIMEOUTS}
        content |= {"dark_frame": self._dark_frame}
        text = yaml.safe_dump(content)
        (self.folder / "scope.yaml").write_text(text, encoding="utf-8")

    # ------------------------------------------------------------------ what is left

    @property
    def journal(self) -> Path:
        """The run's journal."""
        return self.run / FILE_NAME

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The journal, for reading."""
        with contextlib.closing(
            sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=5.0)
        ) as db:
            yield db

    def one(self, sql: str, default: Any = None) -> Any:
        """A value of the journal; `default` where there is none (yet)."""
        try:
            with self.reading() as db:
                row = db.execute(sql).fetchone()
        except sqlite3.Error:
            return default
        return default if row is None or row[0] is None else row[0]

    def texts(self) -> str:
        """All that the journal says of what went wrong, in lower case."""
        found: list[str] = []
        with contextlib.suppress(sqlite3.Error), self.reading() as db:
            for sql in (
                "SELECT message FROM errors",
                "SELECT text FROM notes WHERE kind NOT IN ('start')",
                "SELECT what || ' ' || bound FROM refusals",
                "SELECT DISTINCT why FROM visits",
                "SELECT value FROM locks",
                "SELECT json_extract(verdict, '$.rationale') || ' ' ||"
                " coalesce(json_extract(verdict, '$.why_abstained'), '') FROM verdicts",
            ):
                found += [str(row[0]) for row in db.execute(sql)]
        return " | ".join(found).lower()

    def send(self, **command: Any) -> None:
        """A live command, as the service sends it."""
        with contextlib.closing(Database(self.journal, durable=False, guest=True)) as database:
            LiveBook(database).send(json.dumps(command), "bench", "service", 0.0)

    def account(self) -> Account:
        """The account of visits."""
        with contextlib.closing(Database(self.journal, durable=False, guest=True)) as database:
            return account(database)

    def light_s(self) -> tuple[float, bool]:
        """(longest time that the lamp was on, whether it is on now)."""
        from sim.lamp import read

        longest, since = 0.0, None
        for line in read(self.lamp_record):
            if line["state"] == "ON":
                since = float(line["monotonic_s"])
            elif since is not None:
                longest = max(longest, float(line["monotonic_s"]) - since)
                since = None
        if since is not None:
            longest = max(longest, time.monotonic() - since)
        return longest, since is not None

    def frames_wrong(self) -> tuple[int, int]:
        """(frames in the journal, those of them that are not in the store as they were given)."""
        from agent.report.frames import frames_of

        given: dict[tuple[str, int, int, int], int] = {}
        if self.witness.exists():
            for line in self.witness.read_text(encoding="utf-8").splitlines():
                image, t, c, z, crc = json.loads(line)
                given[image, t, c, z] = crc
        reader, n, wrong = frames_of(self.run), 0, 0
        with self.reading() as db:
            for key in db.execute("SELECT fov, t, c, z FROM frames"):
                pixels = reader(*key)
                n += 1
                wrong += pixels is None or zlib.crc32(pixels.tobytes()) != given.get(key)
        return n, wrong


def plan() -> dict[str, Any]:
    """Two fields at two heights, two channels with exposures of their own, bursts by command."""
    return {
        "goal": "bench of faults",
        "baseline": {
            "axis_order": "tpcz",
            "stage_positions": [
                {"name": "p0", "x": 0, "y": 0, "z": 0},
                {"name": "p1", "x": 300, "y": 0, "z": 3},
            ],
            "channels": [
                {"group": "Channel", "config": "DAPI", "exposure": 20},
                {"group": "Channel", "config": "FITC", "exposure": 40},
            ],
            "time_plan": {"interval": ROUND_S, "loops": ROUNDS},
        },
        "judge": {"kind": "none"},
        "reaction": {"interval_s": 4, "duration_s": 70},
        "trouble": {"max_errors_in_a_row": 3},
    }


def with_stacks(content: dict[str, Any]) -> dict[str, Any]:
    """The same plan with hardware-triggered stacks of three planes."""
    content["baseline"]["z_plan"] = {"range": 4, "step": 2}
    return content
