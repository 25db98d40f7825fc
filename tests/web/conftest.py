from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))
from service_kit import finished_run, standin

__all__ = ["finished_run", "standin"]
