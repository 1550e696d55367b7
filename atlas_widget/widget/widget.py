"""AtlasWidget: an activation atlas in a notebook's cell.

The widget holds traits and passes messages on; the work is done by a
:class:`~atlas_widget.session.session.Session` on one worker thread.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError
from atlas_widget.probe.model_name import model_name
from atlas_widget.protocol import messages
from atlas_widget.session.session import Session
from atlas_widget.session.settings import Recipe, layer_names
from atlas_widget.session.status import first_status
from atlas_widget.session.worker import Worker
from atlas_widget.widget import kernel, lifetime
from atlas_widget.widget.causing import Causing
from atlas_widget.widget.exploring import Exploring
from atlas_widget.widget.listener import WidgetListener

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.atlas import Atlas
    from atlas_widget.layout import Embedding

__all__ = ["AtlasWidget"]

_CLOSE_TIMEOUT = 20.0  # seconds that close() waits for the slice in progress


class AtlasWidget(Exploring, Causing):
    """An activation atlas of a layer, made while you look at it.

    Returns at once. One worker thread collects activations, lays them out and renders the cells'
    pictures, those in sight first; your kernel and your model stay yours.

    Parameters
    ----------
    model
        A PyTorch vision model. It is copied, and left as it is.
    layer
        The layer's name; ``list_layers(model)`` lists them.
    images
        A folder, a URL that fsspec reads, a dataset, a DataLoader, a list of images, a tensor, or
        "imagenette". None: the photos that scikit-image ships.
    transform
        What makes the model's input of RGB images in [0, 1]: a torchvision preset, a timm data
        config, a ``Normalize`` or any differentiable callable. None: what the model says of itself.
    labels
        The names of the classes, in the order of the model's outputs.
    target
        What cells are to argue for, where the model gives no scores of classes or not all of them
        matter: ``lambda output: output[:, 3] - output[:, 5]``, a list of classes, a mapping of
        names to functions of the model's output, or ``similarity_to(picture)``.
    num_samples
        How many activations the atlas stands on.
    grids
        Cells along a side, of each grid that one can zoom to: at most 160. Where each divides the
        next, the coarser picture stands in until the finer one is there.
    seed
        Makes crops, layout and pictures come out the same again.
    device
        Where to compute. None: CUDA where there is one.
    cache_dir
        Where atlases and pictures are kept. None: ``$ATLAS_WIDGET_CACHE``, else the user's cache.
    atlas
        An :class:`~atlas_widget.Atlas`, or the path of a saved one, to show instead of a new one.
    cluster
        A Ray cluster that makes the cells' pictures, on each of its GPUs or cores at once: "auto"
        or an address, see :func:`atlas_widget.cluster.connect`. They are those that are made here,
        and they are made here while there is no worker. Activations are collected here (for very
        many there is :meth:`atlas_widget.Atlas.build`, with a `cluster` too), and open cells are
        pictured here.
    layout_method
        Who lays samples out: "umap", our own, or another, see :meth:`atlas_widget.Atlas.build`.
    height
        Pixels.

    Examples
    --------
    >>> from atlas_widget import AtlasWidget, demo
    >>> w = AtlasWidget(demo.model(), demo.LAYER, labels=demo.labels())
    >>> w
    """

    _esm = lifetime.bundle("widget.js")

    def __init__(
        self,
        model: nn.Module,
        layer: str | nn.Module,
        images: Any = None,
        *,
        transform: Any = None,
        labels: Sequence[str] | Mapping[int, str] | None = None,
        target: Any = None,
        num_samples: int | None = None,
        grids: Sequence[int] = (20, 40, 80),
        seed: int = 0,
        device: Any = None,
        cache_dir: str | os.PathLike[str] | None = None,
        atlas: Atlas | str | os.PathLike[str] | None = None,
        cluster: str | None = None,
        layout_method: str | Embedding = "umap",
        height: int = 600,
    ) -> None:
        recipe = Recipe.checked(
            layer,
            images=images,
            transform=transform,
            labels=labels,
            target=target,
            num_samples=num_samples,
            grids=grids,
            seed=seed,
            device=device,
            cache_dir=cache_dir,
            atlas=atlas,
            cluster=cluster,
            layout_method=layout_method,
        )
        probe = recipe.first_probe(model)
        recipe = replace(recipe, first_layer=probe.layer)  # it may have been given as a module
        name = model_name(recipe.model(probe))
        worker = Worker(f"atlas-widget-{id(self):x}", torch_threads=recipe.torch_threads)
        session = Session(probe, recipe, WidgetListener(self), name)
        session.attach(worker.breathe, lambda: worker.stopping)
        try:
            super().__init__(
                session,
                worker,
                layer=probe.layer,
                layers=layer_names(model),
                level=min(recipe.grids),
                status=first_status(name, probe.layer),
                height=height,
            )
        except BaseException:
            probe.close()
            raise
        kernel.answer_beside_cells(self)
        notice = kernel.kernel_notice()
        if notice is not None:
            session.notifier.notice(notice)
        lifetime.unpin(self)
        # Also when the widget is forgotten rather than closed; the session does not refer to it.
        self._end = weakref.finalize(self, worker.stop, 0.0)
        worker.start(session)

    # -- The end

    def close(self) -> None:
        """End the worker and free the copy of the model; safe to call twice."""
        worker = getattr(self, "_worker", None)
        if worker is not None:  # closing also comes from a constructor that failed
            worker.stop(_CLOSE_TIMEOUT)
            if self.comm is not None and self.status.get("stage") != "closed":
                closed = {**self.status, "stage": "closed", "message": "", "seconds_left": None}
                self._set_from_worker(urgent=True, status=closed)
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        lifetime.pin(self)
        return super()._repr_mimebundle_(**kwargs)

    # -- Messages

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        # Not through `on_msg`: the browser may answer before a constructor could register itself.
        # ipywidgets swallows what its callbacks raise, or prints it where nobody looks.
        try:
            self._receive(content)
            super()._handle_custom_msg(content, buffers)
        except Exception as error:
            self._refuse(f"A message could not be handled: {type(error).__name__}: {error}")

    def _receive(self, content: Any) -> None:
        """Check a message, pass it to the worker, return: this may be the kernel's only thread."""
        session = self._session
        try:
            message = messages.parse(content)
            session.check(message)
        except AtlasError as error:
            self._refuse(str(error))
            return
        if message.kind == "visible":
            lifetime.pin(self)
        self._worker.post(lambda: session.handle(message))
