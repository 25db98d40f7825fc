"""What a store says when it cannot keep a frame."""

from __future__ import annotations

FULL = ("No space left", "RESOURCE_EXHAUSTED", "quota exceeded", "File too large")
DENIED = ("Permission denied", "PERMISSION_DENIED", "Read-only file system")


class StoreError(RuntimeError):
    """A frame or image could not be stored or read; one line: place, reason, remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def storage_failure(place: str, error: Exception) -> StoreError:
    """Put what the file system or tensorstore reported in one line, with a remedy."""
    text = str(error)
    if any(word.lower() in text.lower() for word in FULL):
        return StoreError(
            f"{place}: the disk is full or over quota; not stored. "
            "Free some space, then resume the run."
        )
    if any(word.lower() in text.lower() for word in DENIED):
        return StoreError(
            f"{place}: not allowed to write; not stored. "
            "Check the folder's owner and permissions, then resume the run."
        )
    reason = text.split(" [", 1)[0]  # tensorstore appends source locations and the whole spec
    return StoreError(
        f"{place}: {reason or type(error).__name__}; not stored. "
        "Check the disk, then resume the run."
    )
