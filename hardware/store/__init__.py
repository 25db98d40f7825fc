"""Storage: growing OME-Zarr images of fields of view; a frame is stored when committed."""

from hardware.store.errors import StoreError
from hardware.store.layout import ImageLayout
from hardware.store.reader import ImageReader
from hardware.store.store import ImageStore

__all__ = ["ImageLayout", "ImageReader", "ImageStore", "StoreError"]
