"""kill -9 and a full disk, for real where the system lets us."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaozarrs
from store_frames import LAYOUT, frame_of, keys, pixels_of, write_forever

from hardware.data import FrameKey
from hardware.store import ImageStore
from hardware.store import image as image_module

HERE = Path(__file__).parent
SIZE = 384


def test_kill_9_loses_no_frame_that_was_reported(tmp_path: Path) -> None:
    layout = replace(LAYOUT, height=SIZE, width=SIZE)
    moments = random.Random(5)
    for n in range(5):
        root = tmp_path / str(n)
        child = subprocess.Popen(
            [sys.executable, str(HERE / "store_frames.py"), str(root), str(SIZE)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE.parents[1],
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        )
        assert child.stdout is not None
        reported = [child.stdout.readline()]  # it has begun
        time.sleep(moments.uniform(0.0, 0.12))
        child.send_signal(signal.SIGKILL)
        reported += child.communicate()[0].splitlines()
        recorded = []
        for line in reported:
            fov, *index = line.split()
            if len(index) == 3:
                recorded.append(FrameKey(fov, *map(int, index)))
        store = ImageStore.open(root, layout, sync=False, recorded=recorded)
        assert recorded and store.missing == ()
        for key in recorded:
            np.testing.assert_array_equal(store.read(key), pixels_of(key, layout))
        last = recorded[-1]
        for key in keys(last.fov, 2, last.t, layout):  # go on where it stopped
            if key not in recorded:
                store.write(frame_of(key, layout))
        assert not [p for p in (root / "images").rglob("*") if "partial" in p.name[-8:]]
        assert not list((root / "images").rglob("*.__lock"))
        yaozarrs.validate_zarr_store(str(root / "images"))


class QuotaArray:
    """Stands in for the array where no small disk can be mounted: the third write is refused."""

    def __init__(self, array: Any) -> None:
        self.array, self.left = array, 2

    def __getattr__(self, name: str) -> Any:
        return getattr(self.array, name)

    def __getitem__(self, index: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise ValueError("RESOURCE_EXHAUSTED: No space left on device [a quota in this test]")
        return self.array[index]


def on_a_small_disk(root: Path) -> list[str] | None:
    """Fill a 1 MB tmpfs seen by one process only; None where the system does not allow it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    script = 'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"'
    writer = [sys.executable, str(HERE / "store_frames.py"), str(root / "run"), str(SIZE)]
    done = subprocess.run(
        [unshare, "-rm", "sh", "-c", script, "sh", str(root), *writer],
        check=False,
        capture_output=True,
        text=True,
        cwd=HERE.parents[1],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )
    return done.stdout.splitlines() if done.returncode == 0 else None


def test_a_full_disk_is_a_store_error_with_a_remedy_and_the_rest_stays_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = on_a_small_disk(tmp_path)
    if said is None:
        real = image_module._open
        monkeypatch.setattr(image_module, "_open", lambda *a: QuotaArray(real(*a)))
        write_forever(tmp_path / "run", SIZE)
        said = capsys.readouterr().out.splitlines()
    error, good = said[-2:]
    assert error.startswith("ERROR") and len(error) < 400
    for part in (".ome.zarr, frame", "disk is full", "not stored", "Free some space"):
        assert part in error
    stored = len(said) - 2
    assert stored and good == f"GOOD {stored} of {stored}"
