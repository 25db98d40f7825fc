"""`microscout export`: a plan's useq part, for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.finding import config_error
from agent.load import export_useq, load_plan

if TYPE_CHECKING:
    from pathlib import Path


def export(plan_name: str, out: Path | None) -> int:
    """Print the baseline as YAML for useq, or write it to a new file. Exit code 0."""
    text = export_useq(load_plan(plan_name).plan)
    if out is None:
        print(text, end="")
        return 0
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise config_error(
            out, "exists already; nothing was written", "choose another --out"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise config_error(out, f"cannot be written ({reason})", "choose another --out") from None
    print(f"wrote {out}")
    return 0
