"""Names of fields of view that every file system can hold."""

from __future__ import annotations

from hardware.store.errors import StoreError

FORBIDDEN = frozenset('/\\:*?"<>|')
RESERVED = frozenset(  # device names of Windows
    ["con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in range(1, 10))]
)
LONGEST = 100  # bytes; file systems allow 255, the suffix and parent folders need some


def image_name(fov: str) -> str:
    """Name of the image of field `fov`; StoreError if the field's name is not fit for one."""
    fault = _fault(fov)
    if fault:
        raise StoreError(
            f"field of view {fov!r}: {fault}. Rename the position in the plan "
            "(letters, digits, '-', '_' and single dots are safe everywhere)."
        )
    return f"{fov}.ome.zarr"


def _fault(fov: str) -> str:
    bad = sorted({c for c in fov if c in FORBIDDEN or not c.isprintable()})
    if not fov:
        return "the name is empty"
    if bad:
        return f"{bad[0]!r} cannot be part of a file name"
    if fov.startswith((".", " ")) or fov.endswith((".", " ")):
        return "a name must not begin or end with a dot or a space"
    if fov.split(".", maxsplit=1)[0].lower() in RESERVED:
        return "the name is reserved by Windows"
    if len(fov.encode()) > LONGEST:
        return f"the name is longer than {LONGEST} bytes"
    return ""
