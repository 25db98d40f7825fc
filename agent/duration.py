"""How long an instrument takes, command by command, as the engine sends them. Pure.

The times are those of the microscope's `timing`, and those of the simulated clock. A stack of one
channel is taken for hardware-triggered: where the focus drive cannot, each plane settles as well.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import useq

    from agent.plan import AutofocusConfig
    from hardware.data import FieldOfView, MicroscopeConfig

_NO_MOVE_UM = 0.02  # the simulated stage's step


class Stopwatch:
    """An instrument at work: each method is a command, and adds its time to `seconds`.

    `at` is where it begins; where nobody knows, the first move of each axis only settles. `z_um` is
    where the focus drive is.
    """

    def __init__(
        self, config: MicroscopeConfig, at: tuple[float, float, float] | None = None
    ) -> None:
        self.seconds = 0.0
        self._timing = config.timing
        self._dark_frame = config.dark_frame
        self._stage = config.stage
        self._objectives = config.objectives
        self._xy = at[:2] if at else None
        self.z_um = at[2] if at else None
        self._channel = ""

    def image(self, events: Iterable[useq.MDAEvent]) -> None:
        """The images of one visit: a stack of one channel at a time, else one by one."""
        for _, group in groupby(events, key=lambda event: (event.channel, event.exposure)):
            run = list(group)
            if run[0].channel is not None:
                self.channel(run[0].channel.config)
            stack = len({event.z_pos for event in run}) == len(run) > 1
            for number, event in enumerate(run):
                if event.z_pos is not None and not (stack and number):
                    self.z(event.z_pos)
                self._expose(event.exposure or 0.0)
                if not stack or number == len(run) - 1:
                    self._look_dark()
            if stack:
                self.z_um = run[-1].z_pos

    def go(self, x_um: float, y_um: float) -> None:
        """Move the stage."""
        here, self._xy = self._xy, (x_um, y_um)
        self._move(math.dist(here, self._xy) if here else None, self._timing.xy_um_per_s)

    def z(self, z_um: float) -> None:
        """Move the focus drive: toward the sample in capped steps."""
        here, self.z_um = self.z_um, z_um
        if here is None:
            self._move(None, self._timing.z_um_per_s)
            return
        cap_um = self._stage.max_step_toward_sample_um
        cap_um = max(cap_um - self._stage.tolerance_z_um, 0.5 * cap_um)
        toward = z_um > here if self._stage.toward_sample == "increasing" else z_um < here
        distance = abs(z_um - here)
        steps = math.ceil(distance / cap_um) if toward and math.isfinite(distance) else 1
        self._move(distance, self._timing.z_um_per_s, max(1, steps))

    def channel(self, preset: str) -> None:
        """Switch the channel."""
        if preset != self._channel:
            self._channel = preset
            self.seconds += self._timing.channel_switch_s

    def snap(self, exposure_ms: float) -> None:
        """Expose, read out, and see that it is dark."""
        self._expose(exposure_ms)
        self._look_dark()

    def sweep(self, focus: AutofocusConfig, z_um: float) -> None:
        """One autofocus that succeeds at once, with the focus where the plan has it."""
        self.channel(focus.channel)
        coarse, fine = sweep_steps(focus)
        first = -(coarse - 1) / 2
        for number in range(coarse):
            self.z(z_um + (first + number) * focus.coarse_step_um)
            self.snap(focus.exposure_ms)
        half = fine // 2
        for number in [*range(-half, 0), *range(1, half + 1)]:
            self.z(z_um + number * focus.fine_step_um)
            self.snap(focus.exposure_ms)

    def turn(self) -> None:
        """Retract and turn the turret; the approach is the next move of the focus drive."""
        if self._objectives.retract_z_um is not None:
            self.z(self._objectives.retract_z_um)
        self.seconds += self._timing.turret_s

    def _expose(self, exposure_ms: float) -> None:
        self.seconds += exposure_ms / 1000 + self._timing.readout_s

    def _look_dark(self) -> None:
        if self._dark_frame is not None:
            self._expose(self._dark_frame.exposure_ms)

    def _move(self, distance_um: float | None, um_per_s: float, steps: int = 1) -> None:
        if distance_um is None or distance_um > _NO_MOVE_UM * steps:
            self.seconds += (distance_um or 0.0) / um_per_s + steps * self._timing.settle_s


def sweep_steps(focus: AutofocusConfig) -> tuple[int, int]:
    """Images of the coarse and of the fine part of one sweep, as in `hardware.autofocus`."""
    coarse = max(2, round(focus.range_um / focus.coarse_step_um)) + 1
    fine = 2 * (max(1, round(focus.coarse_step_um / focus.fine_step_um)) - 1)
    return coarse, fine


def visit_time_s(events: Sequence[useq.MDAEvent], config: MicroscopeConfig) -> float:
    """One visit from its first command to its last frame, without the move to its field."""
    watch = Stopwatch(config)
    watch.image(events)
    return watch.seconds


def move_time_s(here: FieldOfView, there: FieldOfView, config: MicroscopeConfig) -> float:
    """From one field to another."""
    watch = Stopwatch(config)
    watch.go(here.x_um, here.y_um)
    watch.z(here.z_um)
    before = watch.seconds
    watch.go(there.x_um, there.y_um)
    watch.z(there.z_um)
    return watch.seconds - before


def turn_time_s(config: MicroscopeConfig, z_um: float) -> float:
    """To another objective: retract from `z_um`, turn, approach to it again."""
    watch = Stopwatch(config)
    watch.z(z_um)
    before = watch.seconds
    watch.turn()
    watch.z(z_um)
    return watch.seconds - before


def round_times_s(
    places: Sequence[FieldOfView],
    events: Sequence[useq.MDAEvent],
    config: MicroscopeConfig,
    focus: AutofocusConfig | None = None,
    *,
    follows: bool = True,
) -> tuple[float, float]:
    """The first round of all fields, and one of those that follow: from the last field back to
    the first, too.

    `events`: of a visit to the first of them; `follows`: at the others their z is shifted by as
    much as the field's. `focus`: with that autofocus at every field. The instrument is taken to
    begin at its origin: where stages stand when they are switched on.
    """
    home = places[0]
    begin_um = home.z_um if events[0].z_pos is None else events[0].z_pos
    if focus is not None:
        begin_um = home.z_um - (sweep_steps(focus)[0] - 1) / 2 * focus.coarse_step_um
    once = Stopwatch(config, at=(home.x_um, home.y_um, begin_um))
    for event in events[-1:]:  # the visit before left this one
        once.channel(event.channel.config if event.channel else "")
    once.seconds = 0.0
    if focus is not None:
        once.sweep(focus, home.z_um)
    once.image(events)
    return _rounds_s(places, config, once, begin_um, follows=follows)


def _rounds_s(
    places: Sequence[FieldOfView],
    config: MicroscopeConfig,
    once: Stopwatch,
    begin_um: float,
    *,
    follows: bool,
) -> tuple[float, float]:
    """Two rounds of visits that are all like `once`, which began at `begin_um`."""
    end_um = begin_um if once.z_um is None else once.z_um
    watch = Stopwatch(config, at=(0.0, 0.0, 0.0))
    took = []
    for _ in range(2):
        before = watch.seconds
        for fov in places:
            shift_um = fov.z_um - places[0].z_um if follows else 0.0
            watch.go(fov.x_um, fov.y_um)
            watch.z(begin_um + shift_um)
            watch.seconds += once.seconds
            watch.z_um = end_um + shift_um
        took.append(watch.seconds - before)
    return took[0], took[1]
