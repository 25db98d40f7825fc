"""For all tests."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """What was imported so far is there for good: no collection of garbage looks at it again."""
    gc.collect()
    gc.freeze()
