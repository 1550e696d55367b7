"""Pictures of directions, one batch after another, made by a cluster while somebody looks on."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from atlas_widget.cluster.connection import connect, send_code
from atlas_widget.cluster.crew import Crew, places
from atlas_widget.errors import ClusterError
from atlas_widget.inversion.settings import InversionSettings

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.inversion import Icons, InversionEngine
    from atlas_widget.probe import LayerProbe

__all__ = ["IconJob", "IconWorker", "RemoteIcons"]

_BATCH_OF_A_GPU, _BATCH_OF_A_CORE = 64, 8  # small, so that the next one is what is then in sight
_ENGINES = 4  # that a worker keeps, of as many layers


@dataclass(frozen=True)
class IconJob:
    """A batch of pictures to make, and what tells whether a worker would make the same ones."""

    layer: str
    input_size: int
    made_from: tuple[str, str, str]
    settings: InversionSettings
    directions: NDArray[np.float32]
    seed: int
    examples: Sequence[NDArray[np.uint8] | None] | None = None


class IconWorker:
    """Makes pictures in a worker. Called with an `IconJob`.

    Parameters
    ----------
    model, transform
        As they are here.
    device
        "cuda" or "cpu".
    """

    def __init__(self, model: nn.Module, transform: Any, device: str) -> None:
        if device == "cpu":
            torch.set_num_threads(1)  # the other cores have workers of their own
        self._model = model
        self._transform = transform
        self._device = device
        self._engines: dict[tuple[str, int, InversionSettings], InversionEngine] = {}

    def __call__(self, job: IconJob) -> Icons:
        """Make the pictures of a job."""
        from atlas_widget.inversion.invert import run

        return run(self._engine(job), job.directions, job.seed, images=job.examples)

    def _engine(self, job: IconJob) -> InversionEngine:
        from atlas_widget.inversion import InversionEngine
        from atlas_widget.probe import LayerProbe

        key = (job.layer, job.input_size, job.settings)
        engine = self._engines.pop(key, None)
        if engine is None:
            probe = LayerProbe(
                self._model,
                job.layer,
                transform=self._transform,
                device=self._device,
                input_size=job.input_size,
            )
            if made_from(probe, job.settings) != job.made_from:
                raise ClusterError(
                    f"{platform.node()} would make other pictures: the same versions of the model "
                    "and of its packages have to be on all machines."
                )
            engine = InversionEngine(probe, settings=job.settings)
        self._engines[key] = engine
        while len(self._engines) > _ENGINES:
            del self._engines[next(iter(self._engines))]
        return engine


def made_from(probe: LayerProbe, settings: InversionSettings) -> tuple[str, str, str]:
    """Return what decides how pictures come out, as text."""
    return probe.weights_hash, probe.preprocessing.description, settings.description


class RemoteIcons:
    """Makes pictures on a cluster. No method waits for it; connecting has a thread of its own.

    If there is no such cluster, or if its workers cannot do it, that is told once, and from then on
    nothing is `ready`.

    Parameters
    ----------
    probe : LayerProbe
        Its model is sent to each worker, once for all its layers.
    address : str
        See `connect`.
    transform : optional
        The one that the probe was opened with.
    device : optional
        "cpu" leaves a cluster's GPUs to others; by default they are used where there are any.
    notice : callable
        Told, by `poll`, why there are no pictures from the cluster.
    """

    def __init__(
        self,
        probe: LayerProbe,
        address: str,
        *,
        transform: Any = None,
        device: Any = None,
        notice: Callable[[str], None],
    ) -> None:
        from atlas_widget.probe.private_copy import private_copy

        self._notice = notice
        self._crew: Crew | None = None
        self._failure: Exception | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._gpu = False
        spared = device is not None and torch.device(device).type == "cpu"
        try:
            # The probe hooks its own while it works, and that may be on a GPU.
            model, _ = private_copy(probe.model, torch.device("cpu"))
        except Exception as error:
            self._failure = error
            return
        threading.Thread(
            target=self._open,
            args=(address, model, transform, spared),
            name="atlas-cluster",
            daemon=True,
        ).start()

    @property
    def ready(self) -> bool:
        """True if pictures can be made there."""
        return self._crew is not None and self._crew.ready

    @property
    def free(self) -> int:
        """Number of batches that would be begun at once."""
        return self._crew.free if self._crew is not None else 0

    @property
    def batch_size(self) -> int:
        """Number of pictures that a worker makes at a time."""
        return _BATCH_OF_A_GPU if self._gpu else _BATCH_OF_A_CORE

    def begin(
        self,
        ticket: Hashable,
        probe: LayerProbe,
        settings: InversionSettings,
        directions: NDArray[np.float32],
        seed: int,
        examples: Sequence[NDArray[np.uint8] | None] | None = None,
    ) -> None:
        """Have a batch made by a worker that is free; `ticket` tells it from others."""
        if self._crew is None:
            raise ClusterError("The cluster has no worker that is free.")
        job = IconJob(
            probe.layer,
            probe.input_size,
            made_from(probe, settings),
            settings,
            np.asarray(directions, np.float32),
            seed,
            examples,
        )
        self._crew.give(ticket, job)

    def poll(self) -> list[tuple[Hashable, Icons | None]]:
        """Return the batches that have ended since the last time; None for those that were lost."""
        crew = self._crew
        if crew is None:
            self._tell(self._failure)
            return []
        ended: list[tuple[Hashable, Icons | None]] = []
        failure: Exception | None = None
        try:
            for told in crew.poll():
                failure = failure or told.error
                if told.ticket is not None:
                    ended.append((told.ticket, told.result))
        except Exception as error:  # the cluster as a whole is gone
            failure = error
        if failure is not None:
            ended += [(ticket, None) for ticket in crew.tickets]
            self.close()
            self._tell(failure)
        return ended

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._closed = True
            crew, self._crew = self._crew, None
        if crew is not None:
            crew.close()

    def _tell(self, failure: Exception | None) -> None:
        self._failure = None
        if failure is not None:
            self._notice(f"The pictures are made here and not on the cluster: {failure}")

    def _open(self, address: str, model: nn.Module, transform: Any, spared: bool) -> None:
        try:
            ray = connect(address)
            gpu = not spared and places(ray, gpu=True) > 0
            send_code(model, transform)

            def make() -> Callable[[IconJob], Icons]:
                return IconWorker(model, transform, "cuda" if gpu else "cpu")

            crew = Crew(ray, make, gpu=gpu)
        except Exception as error:
            self._failure = error
            return
        with self._lock:
            closed = self._closed
            if not closed:
                self._gpu, self._crew = gpu, crew
        if closed:
            crew.close()
