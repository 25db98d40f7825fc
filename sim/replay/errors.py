"""What cannot be replayed."""

from __future__ import annotations


class ReplayError(RuntimeError):
    """Recorded images that cannot be used; one line: file, reason, remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
