"""``--model torchvision:googlenet`` → a model, its transform and its labels."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError, MissingExtraError, did_you_mean

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LoadedModel", "load_model", "named_object"]

RANDOM = "random"


@dataclass(frozen=True)
class LoadedModel:
    """A model, in evaluation mode, with what is known of it.

    Attributes
    ----------
    model : nn.Module
    transform : object or None
        What normalises its input, where its library says so.
    labels : list of str or None
        Names of its outputs, where its library says so.
    """

    model: nn.Module
    transform: Any = None
    labels: list[str] | None = None


def load_model(name: str, weights: str | None = None, seed: int = 0) -> LoadedModel:
    """Load a model by name.

    Parameters
    ----------
    name : str
        ``demo``; ``torchvision:NAME``; ``timm:NAME``; ``package.module:function`` or
        ``file.py:function``, which is called without arguments and returns the model.
    weights : str, optional
        By default the library's own. A name of torchvision's; "random"; or a file that
        ``torch.save`` wrote of a ``state_dict``, of which nothing but tensors is read.
    seed : int
        Of random weights.

    Raises
    ------
    AtlasError
        There is no such model, or its weights cannot be had.
    """
    import torch

    library, _, rest = name.partition(":")
    file = Path(weights).expanduser() if weights and _is_file(weights) else None
    chosen = RANDOM if file is not None and library in ("torchvision", "timm") else weights
    torch.manual_seed(seed)
    if name == "demo":
        loaded = _demo(weights)
    elif library in ("torchvision", "timm"):
        loaded = (_from_torchvision if library == "torchvision" else _from_timm)(rest, chosen)
    else:
        loaded = _from_function(name)
        if weights is not None and file is None:
            raise AtlasError(
                f"--weights {weights!r}: {name!r} brings its own weights; a file of a state_dict "
                "could be given."
            )
    if file is not None:
        _fill(loaded.model, file)
    loaded.model.eval()
    return loaded


def named_object(name: str, what: str) -> Any:
    """Return what ``package.module:name`` or ``file.py:name`` names.

    Parameters
    ----------
    name : str
    what : str
        The option that it was given for, for messages.
    """
    place, _, attribute = name.rpartition(":")
    if not place or not attribute:
        raise AtlasError(f"{what} {name!r}: give package.module:NAME or file.py:NAME.")
    try:
        module = _module(place)
    except ModuleNotFoundError as error:
        raise AtlasError(f"{what} {name!r}: {error}.") from error
    try:
        found = module
        for part in attribute.split("."):
            found = getattr(found, part)
    except AttributeError:
        public = [entry for entry in vars(module) if not entry.startswith("_")]
        raise AtlasError(
            f"{what} {name!r}: {place!r} has no {attribute!r}.{did_you_mean(attribute, public)}"
        ) from None
    return found


def _demo(weights: str | None) -> LoadedModel:
    from atlas_widget import demo

    if weights is not None:
        raise AtlasError("--model demo comes with its own weights: leave --weights out.")
    return LoadedModel(demo.model())


def _from_torchvision(name: str, weights: str | None) -> LoadedModel:
    from torchvision import models

    known = models.list_models()
    if name not in known:
        raise AtlasError(
            f"--model 'torchvision:{name}': torchvision has no {name!r}."
            + did_you_mean(name, known)
        )
    every = models.get_model_weights(name)
    default = getattr(every, "DEFAULT", None)
    chosen = None
    if weights != RANDOM:
        names = [entry.name for entry in every]
        if weights not in (None, "DEFAULT", *names):
            raise AtlasError(
                f"--weights {weights!r}: {name} has {', '.join(names)}; or 'random', or a file."
                + did_you_mean(str(weights), names)
            )
        chosen = default if weights in (None, "DEFAULT") else every[str(weights)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about how some are initialised
        model = _fetched(lambda: models.get_model(name, weights=chosen), f"torchvision:{name}")
    about = chosen or default
    transform = about.transforms() if about is not None else None
    categories = chosen.meta.get("categories") if chosen is not None else None
    return LoadedModel(model, transform, list(categories) if categories else None)


def _from_timm(name: str, weights: str | None) -> LoadedModel:
    try:
        import timm
    except ImportError as error:
        raise MissingExtraError("--model timm:… needs timm: `pip install timm`.") from error
    known = timm.list_models()
    if name.partition(".")[0] not in known:
        raise AtlasError(
            f"--model 'timm:{name}': timm has no {name!r}." + did_you_mean(name, known)
        )
    if weights not in (None, RANDOM):
        raise AtlasError(
            f"--weights {weights!r}: timm's weights are part of the name, as in "
            "timm:resnet50.a1_in1k; 'random' or a file can be given."
        )
    pretrained = weights != RANDOM
    return LoadedModel(
        _fetched(lambda: timm.create_model(name, pretrained=pretrained), f"timm:{name}")
    )


def _from_function(name: str) -> LoadedModel:
    from torch import nn

    if ":" not in name:
        raise AtlasError(
            f"--model {name!r}: give torchvision:NAME, timm:NAME, package.module:FUNCTION, "
            "file.py:FUNCTION, or demo."
        )
    found = named_object(name, "--model")
    made = found() if callable(found) and not isinstance(found, nn.Module) else found
    if not isinstance(made, nn.Module):
        raise AtlasError(
            f"--model {name!r}: wanted is a torch.nn.Module, or a function without arguments that "
            f"returns one; this gives {type(made).__name__}."
        )
    return LoadedModel(made)


def _fetched(make: Callable[[], Any], name: str) -> Any:
    """Make a model whose weights may have to be fetched over the network."""
    try:
        return make()
    except (OSError, RuntimeError) as error:  # urllib's errors are OSErrors
        reason = str(error).strip().partition("\n")[0]
        raise AtlasError(
            f"The weights of {name} cannot be had ({type(error).__name__}: {reason}). Give a file "
            "with --weights, or 'random' for none."
        ) from error


def _fill(model: nn.Module, file: Path) -> None:
    import torch

    try:
        saved = torch.load(file, map_location="cpu", weights_only=True)
        saved = saved.get("state_dict", saved) if isinstance(saved, dict) else saved
        model.load_state_dict(saved)
    except Exception as error:
        reason = str(error).strip()[:300]
        raise AtlasError(f"--weights {str(file)!r} do not fit the model: {reason}") from error


def _is_file(weights: str) -> bool:
    return Path(weights).expanduser().is_file()


def _module(place: str) -> Any:
    path = Path(place).expanduser()
    if path.suffix != ".py":
        if "" not in sys.path and str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(place)
    if not path.is_file():
        raise AtlasError(f"There is no file {str(path)!r}.")
    known = sys.modules.get(path.stem)
    if getattr(known, "__file__", None) == str(path.resolve()):
        return known
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    if spec is None or spec.loader is None:
        raise AtlasError(f"{str(path)!r} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    # by this name its classes are found again, when the model is copied or pickled
    sys.modules.setdefault(path.stem, module)
    sys.path.insert(0, str(path.parent.resolve()))
    spec.loader.exec_module(module)
    return module
