"""Fixtures of a finished short run and of the stand-in over it.

A conftest.py of another folder takes them by putting this folder on the path and
`from service_kit import finished_run, standin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from short_run import make_run
from standin import StandIn

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run's directory: two fields, bursts, decisions, report. Read only, please."""
    return make_run(tmp_path_factory.mktemp("short"))


@pytest.fixture
def standin(finished_run: Path) -> StandIn:
    """A fresh stand-in service over it."""
    return StandIn(finished_run)
