"""The state that is kept when the layer is switched: the model's copy, the images, the cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from atlas_widget.session.image.opened import OpenImage
from atlas_widget.session.pictures.cache import PictureCache
from atlas_widget.session.settings import Recipe

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.inversion.judge import Judge
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.pictures.remote import IconMaker

__all__ = ["ModelSession"]


class ModelSession:
    """The private copy of the user's model, with its images and the cache.

    Any number of layers can be read from the copy; the widget shows one at a time.

    Parameters
    ----------
    probe
        The layer that the widget was opened with.
    recipe
        How atlases are made.
    name
        The model's name.
    judge
        A second network that looks at pictures, if any; closed with the session.

    Attributes
    ----------
    source
        The images; None until :meth:`open_images`, and if an atlas was given whose images are gone.
    maker
        Makes the cells' pictures on a cluster; None if there is none.
    image
        Keeps the image that is read in several layers.
    """

    def __init__(
        self, probe: LayerProbe, recipe: Recipe, name: str, judge: Judge | None = None
    ) -> None:
        self.recipe = recipe
        self.name = name
        self.judge = judge
        self._probe = probe
        self._class_names = recipe.class_names(probe)
        self.source: ImageSource | None = None
        self.maker: IconMaker | None = None
        self._cache: PictureCache | None = None
        self.image = OpenImage(lambda: self._probe, lambda: self._class_names)

    @property
    def cache(self) -> PictureCache:
        """The cache of finished pictures and values on disk; opened on first use."""
        if self._cache is None:
            self._cache = PictureCache(self.recipe.folder)
        return self._cache

    def judge_notices(self, probe: LayerProbe) -> list[str]:
        """Return what there is to say of the judge."""
        judge = self.judge
        if judge is None:
            return []
        same = judge.weights_hash == probe.weights_hash
        words = "The judge is the model itself, so it says nothing that fidelity does not say."
        return [*judge.notices, *([words] if same else [])]

    def open_images(self, notice: Callable[[str], None]) -> None:
        """Open the images, and connect to the cluster if there is one."""
        if self.maker is None:
            self.maker = self.recipe.maker(self._probe, notice)
        if self.source is None:
            self.source = self.recipe.source(self._probe, notice)

    def open_layer(self, layer: str) -> LayerProbe:
        """Return another layer of the copy; the caller passes it to `take_up` or closes it."""
        from atlas_widget.probe import LayerProbe

        return LayerProbe(self._probe.private_model, layer)

    def take_up(self, probe: LayerProbe) -> None:
        """Make this the open layer, and close the previous one."""
        names = self.recipe.class_names(probe)
        closed, self._probe, self._class_names = self._probe, probe, names
        closed.close()

    def check_layer(self, name: object) -> str:
        """Return the name of a layer, or raise that the model has no such layer."""
        probe = self._probe
        if name == probe.layer:
            return str(name)
        return self.recipe.check_layer(probe, name)

    @property
    def class_names(self) -> list[str]:
        """A unique name for each class; empty if the layer has no classes."""
        return list(self._class_names)

    @property
    def names_assumed(self) -> bool:
        """True if the names of the classes are a guess."""
        return self.recipe.names_of_classes(self._probe)[1] is not None

    @cached_property
    def at_start(self) -> bool:
        """True if the normalisation layers are as they are before any training."""
        from atlas_widget.probe.at_start import normalization_at_start

        return normalization_at_start(self._probe.model)

    @property
    def probe(self) -> LayerProbe:
        """The open layer."""
        return self._probe

    def close(self) -> None:
        """Release the model, the cache and the cluster's workers."""
        if self.maker is not None:
            self.maker.close()
        self.image.close()
        self._probe.close()
        if self.judge is not None:
            self.judge.close()
        if self._cache is not None:
            self._cache.close()
