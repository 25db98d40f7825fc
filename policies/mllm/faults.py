"""What can be wrong with training material."""

from __future__ import annotations


class BrickError(Exception):
    """A set or picture that cannot be read; one line with the place and a remedy."""
