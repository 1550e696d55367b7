"""umap-learn, another library, or any object of its kind lays samples out."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import warnings
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.errors import AtlasError, MissingExtraError, did_you_mean
from atlas_widget.layout.libraries import LIBRARIES, Embedding
from atlas_widget.layout.process import LayoutProcess, LayoutProcessError
from atlas_widget.progress import Cancelled, CancelledCallback

__all__ = ["Embedding", "OtherLayout", "other_layout"]

_DEFAULT, _OURS = "umap", "umap-torch"
_FORMERLY = "umap-learn"  # the default's name before it was the default


@dataclass(frozen=True)
class OtherLayout:
    """A way to lay samples out that is not our own UMAP on PyTorch.

    Attributes
    ----------
    name : str
        "umap" (umap-learn), "cuml" or "torchdr"; or an object's class.
    record : object
        What tells it from others, of JSON's types: the name, umap-learn's with its version; or an
        object's class and parameters.
    embedding : Embedding, optional
        The object, where one was given.
    """

    name: str
    record: Any = field(hash=False)
    embedding: Embedding | None = field(default=None, compare=False)

    @property
    def is_default(self) -> bool:
        """True if it is umap-learn."""
        return self.embedding is None and self.name == _DEFAULT

    @property
    def is_umap(self) -> bool:
        """True if its places are of such a scale that UMAP's forces fit them."""
        return self.embedding is None

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages that may have made it, beside this one: their versions are worth recording."""
        if self.embedding is not None:
            return (self.name.partition(".")[0],)
        if self.is_default:
            return ("umap-learn", "numba")
        return LIBRARIES[self.name].packages

    @property
    def notice(self) -> str:
        """Notice to a user who waits for it; empty if there is none."""
        if self.is_default:
            return ""
        stopped = "." if self.embedding is None else ", nor be stopped midway."
        return f"{self.name} lays out: it cannot say how far it is{stopped}"

    def places(
        self,
        units: Tensor,
        *,
        neighbors: int,
        min_dist: float,
        seed: int,
        device: torch.device | str,
        cancelled: CancelledCallback | None = None,
    ) -> NDArray[np.float32]:
        """Lay samples out by another library, in a process of its own, or by an object.

        An object draws from whatever random generators it uses, as it does wherever it is called.

        Parameters
        ----------
        units : Tensor, shape (n, channels + 1)
            From `unit_directions`: however an object measures distances, they follow the cosine.
        neighbors, min_dist, seed, device
            See `umap_layout`; for libraries. An object has its own.
        cancelled : callable, optional
            Asked while a library lays out, whose process is killed when it returns True.

        Returns
        -------
        ndarray of float32, shape (n, 2)
            Of any scale.

        Raises
        ------
        AtlasError
            It fails, or what it returns is not a place for each sample.
        """
        what = f"layout_method {self.name!r}"
        rows = np.ascontiguousarray(units.cpu().numpy())
        try:
            if self.embedding is None:
                library = LIBRARIES[self.name]
                parameters = library.parameters(len(rows), neighbors, min_dist, seed, device)
                with contextlib.closing(LayoutProcess()) as process:
                    places = process.run(
                        library.module, parameters, {"rows": rows}, cancelled=cancelled
                    )
            else:
                found = self.embedding.fit_transform(rows)
                found = found.detach().cpu() if isinstance(found, Tensor) else found
                places = np.asarray(found, np.float32)
        except LayoutProcessError as error:
            raise AtlasError(f"{what} fails on {len(rows):,} samples: {error}") from error
        except (AtlasError, Cancelled):
            raise
        except Exception as error:
            raise AtlasError(
                f"{what} fails on {len(rows):,} samples: {type(error).__name__}: {error}"
            ) from error
        if places.shape != (len(rows), 2):
            raise AtlasError(
                f"{what} returns the shape {places.shape}, not ({len(rows)}, 2): a place for each "
                "sample."
            )
        wrong = int((~np.isfinite(places)).any(axis=1).sum())
        if wrong:
            raise AtlasError(
                f"{what} returns places for {wrong:,} of {len(rows):,} samples that are not finite."
            )
        return places


def other_layout(given: str | Embedding | OtherLayout) -> OtherLayout | None:
    """Check what a user gave to lay samples out with.

    Parameters
    ----------
    given : str or object
        "umap", which is umap-learn; "umap-torch", our own UMAP on PyTorch; "cuml" or "torchdr"; or
        an object with ``fit_transform``, as scikit-learn's estimators have. Objects are told apart
        by class and parameters, from ``get_params`` or else their attributes.

    Returns
    -------
    OtherLayout or None
        None for our own UMAP.

    Raises
    ------
    MissingExtraError
        The library is not installed.
    AtlasError
        It is neither a name nor such an object.
    """
    if isinstance(given, OtherLayout):
        return given
    if isinstance(given, str):
        return _named(given)
    if isinstance(given, type) or not isinstance(given, Embedding):
        raise AtlasError(
            f"layout_method={given!r:.60} must be a name, such as 'torchdr', or an object with "
            "fit_transform, such as umap.UMAP()."
        )
    name = f"{type(given).__module__}.{type(given).__qualname__}"
    return OtherLayout(name, {"class": name, "parameters": _parameters(given)}, given)


def _named(name: str) -> OtherLayout | None:
    if name == _FORMERLY:
        warnings.warn(
            f"layout_method={_FORMERLY!r} is called {_DEFAULT!r} now.",
            DeprecationWarning,
            stacklevel=4,
        )
        name = _DEFAULT
    if name == _DEFAULT:
        return OtherLayout(name, {"library": "umap-learn", "version": _umap_learn_version()})
    if name == _OURS:
        return None
    if name not in LIBRARIES:
        names = (_DEFAULT, _OURS, *LIBRARIES)
        raise AtlasError(
            f"layout_method={name!r}: known are {', '.join(map(repr, names))}; or give an object "
            f"with fit_transform.{did_you_mean(name, names)}"
        )
    if importlib.util.find_spec(LIBRARIES[name].package) is None:
        raise MissingExtraError(
            f"layout_method={name!r} needs {name}: `pip install 'atlas-widget[{name}]'`."
        )
    return OtherLayout(name, name)


def _umap_learn_version() -> str:
    try:
        return version("umap-learn")
    except PackageNotFoundError:
        return "missing"


def _parameters(given: Any) -> Any:
    """Return an object's parameters, of JSON's types only."""
    if callable(getattr(given, "get_params", None)):
        found = given.get_params()
    else:
        attributes = getattr(given, "__dict__", {})
        found = {k: v for k, v in attributes.items() if not (k.startswith("_") or k.endswith("_"))}
    return json.loads(json.dumps(found, default=_plain, sort_keys=True))


def _plain(value: Any) -> Any:
    """Return what JSON can hold of a parameter; no addresses, which differ from run to run."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return getattr(value, "__qualname__", type(value).__qualname__)
