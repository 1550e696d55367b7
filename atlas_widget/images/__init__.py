"""Images, crops and thumbnails of what users have: a folder, a dataset, arrays, or nothing."""

from atlas_widget.images.crops import Crop, crop_boxes, crop_image
from atlas_widget.images.decode import UnreadableImageError
from atlas_widget.images.opening import as_image_source
from atlas_widget.images.source import ImageSource
from atlas_widget.images.thumbnails import Thumbnails

__all__ = [
    "Crop",
    "ImageSource",
    "Thumbnails",
    "UnreadableImageError",
    "as_image_source",
    "crop_boxes",
    "crop_image",
]
