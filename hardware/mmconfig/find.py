"""Finds the .cfg file that a microscope's YAML names."""

from __future__ import annotations

from pathlib import Path

from hardware.mmconfig.parse import MMConfigError


def find(mm_config: str, beside: Path | None) -> Path:
    """Where the file is: absolute, beside the YAML, or among the installed device adapters.

    `beside` is the YAML's folder, or None. Raises MMConfigError naming every place looked at.
    """
    given = Path(mm_config).expanduser()
    places = [beside / given] if beside is not None else []
    if given.is_absolute():
        places = [given]
    elif not any(place.is_file() for place in places):
        adapters = _adapters()
        if adapters is None:
            raise MMConfigError(
                f"mm_config: {mm_config} not found{_looked(places)}, and no Micro-Manager device"
                " adapters are installed. Install them (pip install mm-test-adapters for the demo"
                " devices, or Micro-Manager itself), or give an absolute path."
            )
        places.append(adapters / given)
    for place in places:
        if place.is_file():
            return place.resolve()
    raise MMConfigError(
        f"mm_config: {mm_config} not found{_looked(places)}. Give the path of a Micro-Manager .cfg"
        " file; MMConfig_demo.cfg comes with pip install mm-test-adapters or Micro-Manager."
    )


def _looked(places: list[Path]) -> str:
    return f" (looked at {', '.join(map(str, places))})" if places else ""


def _adapters() -> Path | None:
    from pymmcore_plus import find_micromanager  # lazy: slow, and not needed for absolute paths

    folder = find_micromanager()
    return None if folder is None else Path(folder)
