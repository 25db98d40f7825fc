"""Bricks: labelled pictures from many sources, degraded with known truth, as training material."""
