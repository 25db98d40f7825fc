"""What DNA stains show: one small picture per cell and stage, in units of a resting nucleus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.cells import Phase
from sim.grain import texture
from sim.grid import BINS, THETA, Shape, ball, dome, edge, grid, grid_for
from sim.hashing import key_of, uniform_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.grain import Image
    from sim.grid import Grid

STEP_UM = 0.25
SIZE = 112  # of the largest picture: 28 um
_LONG_UM, _SHORT_UM = 7.6, 6.4  # half axes of a resting nucleus
_SOFT_UM = 0.28


def chromatin(key: int, phase: Phase, progress: float, shape: Shape) -> Image:
    """Brightness of the chromatin on a grid of `STEP_UM`, square, cell in the middle.

    `progress`: of the phase, 0 to 1; for interphase the growth from a daughter's small nucleus
    (0) to a grown one (1) and on to one about to divide (2).
    """
    return _PICTURES[phase](key, progress, shape)


def _nucleus(key: int, angle: float, long_um: float, short_um: float) -> tuple[Grid, Image, Image]:
    """(grid, signed distance from the rim in um, relative radius) of an uneven ellipse."""
    field = grid_for(STEP_UM, 1.12 * long_um + 0.6, SIZE)
    u, v = field.turned(angle)
    rim = np.ones(BINS, np.float32)
    for order, amplitude in ((2, 0.03), (3, 0.045), (4, 0.025), (5, 0.015)):
        wave = amplitude * (2 * uniform_of(key, order, 1) - 1)
        turn = 2 * np.pi * uniform_of(key, order, 2) - order * angle
        rim += np.float32(wave) * np.cos(order * THETA + np.float32(turn))
    rho = np.hypot(u / long_um, v / short_um) / rim[field.bins]
    distance = (1 - rho) * np.float32(np.sqrt(long_um * short_um))
    return field, np.asarray(distance, np.float32), rho


def _nucleoli(
    field: Grid, key: int, angle: float, long_um: float, short_um: float, depth: float
) -> Image:
    """Factor that leaves two to four dark holes."""
    holes = np.ones_like(field.x)
    c, s = np.cos(angle), np.sin(angle)
    for n in range(2 + key_of(key, 50) % 3):
        r = 0.6 * np.sqrt(uniform_of(key, 51, n))
        phi = 2 * np.pi * uniform_of(key, 52, n)
        u, v = r * long_um * np.cos(phi), r * short_um * np.sin(phi)
        scale = np.float32(-0.5 / (0.65 + 0.55 * uniform_of(key, 53, n)) ** 2)
        down = np.exp(scale * (field.axis - np.float32(u * s + v * c)) ** 2)
        along = np.exp(scale * (field.axis - np.float32(u * c - v * s)) ** 2)
        flat = np.minimum(np.float32(1.6) * np.outer(down, along), 1)
        holes *= 1 - np.float32(depth) * flat
    return np.asarray(holes, np.float32)


def _resting(key: int, growth: float, shape: Shape) -> Image:
    young = min(growth, 1.0)
    old = max(growth - 1.0, 0.0)
    scale = shape.size * (0.52 + 0.48 * young**0.7 + 0.10 * old)
    aspect = shape.aspect**0.5
    long_um, short_um = _LONG_UM * scale * aspect, _SHORT_UM * scale / aspect
    field, distance, rho = _nucleus(key, shape.angle, long_um, short_um)
    fine = texture(key_of(key, 1), field.size, 1.6)
    coarse = texture(key_of(key, 2), field.size, 4.0)
    grain = 1 + 0.09 * fine + 0.12 * coarse
    grain *= _nucleoli(field, key, shape.angle, long_um, short_um, 0.45 * young)
    bright = (1.0 + 0.55 * (1 - young) ** 1.5) * (1 + 0.15 * old)
    body = edge(distance, _SOFT_UM) * (0.25 + 0.75 * dome(rho))
    return np.asarray(bright * body * grain, np.float32)


def _prophase(key: int, progress: float, shape: Shape) -> Image:
    scale = shape.size * 1.10 * (1 - 0.10 * progress)
    aspect = 1 + (shape.aspect**0.5 - 1) * (1 - 0.6 * progress)
    long_um, short_um = _LONG_UM * scale * aspect, _SHORT_UM * scale / aspect
    field, distance, rho = _nucleus(key, shape.angle, long_um, short_um)
    # Threads: the ridges of smooth noise, denser and sharper as chromatin condenses.
    threads = np.exp(-((texture(key_of(key, 3), field.size, 2.6) / 0.45) ** 2))
    finer = np.exp(-((texture(key_of(key, 4), field.size, 2.2) / 0.35) ** 2))
    threads = np.maximum(threads, finer)
    smooth = 1 + 0.10 * texture(key_of(key, 2), field.size, 4.0)
    mix = 0.35 + 0.6 * progress
    grain = (1 - mix) * smooth + mix * (0.22 + 1.35 * threads)
    grain *= _nucleoli(field, key, shape.angle, long_um, short_um, 0.4 * (1 - progress))
    body = edge(distance, _SOFT_UM) * (0.25 + 0.75 * dome(rho))
    return np.asarray((1.25 + 0.75 * progress) * body * grain, np.float32)


def _plate(key: int, u: Image, v: Image, half_length: float, half_width: float) -> Image:
    """A bar of condensed chromosomes along v with a rough surface."""
    rough = texture(key_of(key, 5), SIZE, 2.0)
    lumps = texture(key_of(key, 6), SIZE, 1.8)
    across = edge(half_width * (1 + 0.22 * rough) - np.abs(u), 0.35)
    along = edge(half_length * (1 + 0.08 * lumps) - np.abs(v), 0.55)
    taper = 1 - 0.25 * (v / half_length) ** 2
    return np.asarray(across * along * np.maximum(taper, 0) * (1 + 0.10 * lumps), np.float32)


def _metaphase(key: int, progress: float, shape: Shape) -> Image:
    u, v = grid(STEP_UM, SIZE).turned(shape.axis)
    gathering = max(0.0, 1 - progress / 0.35)  # prometaphase: the ring draws in to a plate
    half_width = 1.35 + 1.9 * gathering
    half_length = shape.size * (6.2 + 0.3 * gathering)
    plate = _plate(key, u, v, half_length, half_width)
    if gathering > 0:
        knots = 0.55 + 0.45 * np.abs(texture(key_of(key, 4), SIZE, 2.2))
        plate *= np.asarray((1 - gathering) + gathering * knots, np.float32)
    return np.asarray((3.4 - 1.1 * gathering) * plate, np.float32)


def _anaphase(key: int, progress: float, shape: Shape) -> Image:
    u, v = grid(STEP_UM, SIZE).turned(shape.axis)
    apart = 1.5 + 4.4 * progress**0.9
    half_length = shape.size * (5.6 - 1.0 * progress)
    bow = 0.9 * np.sin(np.pi * min(progress + 0.15, 1.0))
    image = np.zeros_like(u)
    for side in (1, -1):
        centre = apart - bow * (v / half_length) ** 2  # the arms trail behind the poles
        image += _plate(key_of(key, side), u * side - centre, v, half_length, 1.05)
    return np.asarray(3.1 * image, np.float32)


def _telophase(key: int, progress: float, shape: Shape) -> Image:
    u, v = grid(STEP_UM, SIZE).turned(shape.axis)
    apart = 5.9 + 2.1 * progress
    short_um = shape.size * (1.5 + 1.9 * progress)
    long_um = shape.size * (4.5 - 0.3 * progress)
    image = np.zeros_like(u)
    for side in (1, -1):
        bend = 0.6 * (1 - progress) * (v / long_um) ** 2
        rho = np.hypot((u * side - apart + bend) / short_um, v / long_um)
        grain = 1 + (0.14 - 0.06 * progress) * texture(key_of(key, 7, side), SIZE, 1.8)
        distance = (1 - rho) * np.float32(np.sqrt(short_um * long_um))
        image += edge(distance, 0.32) * (0.5 + 0.5 * dome(rho)) * grain
    return np.asarray((2.9 - 1.35 * progress) * image, np.float32)


def _pyknotic(key: int, hours: float, _shape: Shape) -> Image:
    """A dead nucleus: shrunken, very bright, round, often in pieces (karyorrhexis)."""
    field = grid(STEP_UM, SIZE // 2)
    pieces = 1 + key_of(key, 60) % 4
    shrunk = 0.75 + 0.25 * np.exp(-max(hours, 0.0))
    image = np.zeros_like(field.x)
    for n in range(pieces):
        r = 0.0 if pieces == 1 else 2.6 * (0.4 + 0.6 * uniform_of(key, 61, n))
        phi = 2 * np.pi * (n / pieces + 0.15 * uniform_of(key, 62, n))
        radius = shrunk * (3.3 if pieces == 1 else 1.3 + 1.0 * uniform_of(key, 63, n))
        rho = np.hypot(field.x - r * np.cos(phi), field.y - r * np.sin(phi)) / radius
        piece = edge((1 - rho) * radius, 0.22) * (0.45 + 0.55 * ball(rho))
        image = np.maximum(image, piece)
    return np.asarray((4.2 + 1.2 * uniform_of(key, 64)) * image, np.float32)


def _speck(key: int, _progress: float, shape: Shape) -> Image:
    u, v = grid(STEP_UM, SIZE // 2).turned(shape.angle)
    length = 0.5 + 1.2 * shape.size * uniform_of(key, 65) ** 2
    width = 0.35 + 0.35 * shape.size * uniform_of(key, 66)
    distance = (1 - np.hypot(u / length, v / width)) * width
    return np.asarray(1.6 * edge(distance, 0.2), np.float32)


_PICTURES: dict[Phase, Callable[[int, float, Shape], Image]] = {
    Phase.INTERPHASE: _resting,
    Phase.PROPHASE: _prophase,
    Phase.METAPHASE: _metaphase,
    Phase.ANAPHASE: _anaphase,
    Phase.TELOPHASE: _telophase,
    Phase.DEAD: _pyknotic,
    Phase.DEBRIS: _speck,
}
