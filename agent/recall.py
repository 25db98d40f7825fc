"""Frames read back from the store, for a visit whose pixels are no longer in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import useq

from hardware.data import Frame, FrameKey, FrameMeta

if TYPE_CHECKING:
    from agent.journal.database import Database
    from hardware.store import ImageStore

COLUMNS = (
    "idx, fov, t, c, z, time_s, utc, x_um, y_um, z_um, exposure_ms, channel, objective,"
    " pixel_size_um"
)


def frames_of(database: Database, store: ImageStore, visit_id: int) -> tuple[Frame, ...]:
    """The stored frames of a visit, in order. Raises StoreError if the store lost one."""
    frames = []
    for idx, image, t, c, z, *meta_row in database.rows(
        f"SELECT {COLUMNS} FROM frames WHERE visit=? ORDER BY idx", visit_id
    ):
        key, meta = FrameKey.of(image, t, c, z), FrameMeta(*meta_row)
        event = useq.MDAEvent.model_validate(
            {
                "index": {"t": t, "c": c, "z": z},
                "channel": {"config": meta.channel},
                "exposure": meta.exposure_ms,
                "x_pos": meta.x_um,
                "y_pos": meta.y_um,
                "z_pos": meta.z_um,
                "pos_name": key.fov,
            }
        )
        frames.append(Frame(visit_id, idx, key, store.read(key), event, meta))
    return tuple(frames)


def frame_keys(database: Database) -> list[FrameKey]:
    """Every frame that the journal knows."""
    return [FrameKey.of(*row) for row in database.rows("SELECT fov, t, c, z FROM frames")]


def frame_rows(database: Database, image: str) -> list[tuple[FrameKey, FrameMeta]]:
    """Keys and metadata of an image's frames, in order."""
    return [
        (FrameKey.of(name, t, c, z), FrameMeta(*meta))
        for _, name, t, c, z, *meta in database.rows(
            f"SELECT {COLUMNS} FROM frames WHERE fov=? ORDER BY t, c, z", image
        )
    ]
