"""Micro-Manager .cfg files, read as text before anything is loaded."""

from hardware.mmconfig.find import find
from hardware.mmconfig.findings import Finding, Level, findings
from hardware.mmconfig.parse import Device, MMConfig, MMConfigError, PixelSize, Setting, parse

__all__ = [
    "Device",
    "Finding",
    "Level",
    "MMConfig",
    "MMConfigError",
    "PixelSize",
    "Setting",
    "find",
    "findings",
    "parse",
]
