"""Checksums of frames as the store is given them, and a store that is slow.

`python -m agent.bench.faults_witness SPEC` is the runner with that.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any
from unittest import mock

WITNESS = "MICROSCOUT_BENCH_WITNESS"  # environment: file for the checksums
NOT = Path("/nonexistent")


def witness(path: Path, slow: Path = NOT, slow_s: float = 0.0) -> None:
    """Write the checksum of each frame down once it is stored; `slow_s` once `slow` is there."""
    import hardware.store

    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    store = hardware.store.ImageStore
    write = store.write

    def witnessed(self: Any, frame: Any) -> None:
        if slow_s and slow.exists():
            time.sleep(slow_s)
        write(self, frame)
        key = frame.key
        line = [key.image, key.t, key.c, key.z, zlib.crc32(frame.pixels.tobytes())]
        os.write(out, (json.dumps(line) + "\n").encode())

    mock.patch.object(store, "write", witnessed).start()


def end_with_parent() -> None:
    """From a thread: this process ends when the one that started it has ended."""
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=look, name="parent", daemon=True).start()


if __name__ == "__main__":
    from agent.runner.main import main

    witness(Path(os.environ[WITNESS]))
    sys.exit(main())
