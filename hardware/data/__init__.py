"""The data types that every part of the program may share."""

from hardware.data.clock import Clock
from hardware.data.exposure import Dose, Exposure, Purpose
from hardware.data.frame import Frame, FrameKey, FrameMeta
from hardware.data.microscope_config import (
    ChannelConfig,
    MicroscopeConfig,
    ObjectiveConfig,
    ObjectivesConfig,
    StageLimits,
    TimeoutConfig,
    TimingConfig,
)
from hardware.data.refusal import Answer, Permit, Refusal, Rule
from hardware.data.visit import FieldOfView, Visit, VisitKind

__all__ = [
    "Answer",
    "ChannelConfig",
    "Clock",
    "Dose",
    "Exposure",
    "FieldOfView",
    "Frame",
    "FrameKey",
    "FrameMeta",
    "MicroscopeConfig",
    "ObjectiveConfig",
    "ObjectivesConfig",
    "Permit",
    "Purpose",
    "Refusal",
    "Rule",
    "StageLimits",
    "TimeoutConfig",
    "TimingConfig",
    "Visit",
    "VisitKind",
]
