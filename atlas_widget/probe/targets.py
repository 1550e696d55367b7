"""Targets of attribution: all classes, some of them, or any scalar of a model's output."""

from __future__ import annotations

import hashlib
import inspect
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.probe.outputs import class_scores, listing

Part = Callable[[Any], Tensor] | int

__all__ = ["AllClasses", "Classes", "RunnableModel", "Scalars", "Target", "as_target", "code_of"]

_ACCEPTED = (
    "A target is a class's number, a list of these, a function from the model's output to one "
    "value a picture, a mapping of names to such functions, or similarity_to(picture); None means "
    "all classes."
)


class RunnableModel(Protocol):
    """Interface of a probe for targets; the names are those of `LayerProbe`."""

    input_size: int
    num_classes: int | None
    no_classes: str | None
    target: Target

    def example_output(self) -> tuple[Any, int]:
        """Return what the model returned for a few pictures, and how many these were."""
        ...

    def run(self, rgb: Tensor) -> Any:
        """Return the model's output for pictures."""
        ...


class Target(ABC):
    """Part of a model's output that is attributed.

    Attributes
    ----------
    names : tuple of str, optional
        What the scores are called; None where they are the classes, all of them, which are named
        by the labels.
    key : str
        Tells one target from another, for caches: in every process alike, except where a function
        leans on something beside itself.
    """

    names: tuple[str, ...] | None
    key: str

    @abstractmethod
    def scores(self, output: Any, count: int) -> Tensor:
        """Return the scores (n, scores) in the model's output for `count` pictures.

        Differentiable with respect to what they depend on.
        """

    def named(self, labels: Sequence[str] | None) -> list[str] | None:  # noqa: ARG002
        """Return what the scores are called, given the classes' names; None for all classes."""
        return None if self.names is None else list(self.names)

    def for_probe(self, probe: RunnableModel) -> Target:
        """Return this target made ready for a probe's model.

        Raises
        ------
        AttributionError
            That model's output does not have it.
        """
        output, count = probe.example_output()
        with torch.no_grad():
            try:
                self.scores(output, count)
            except AtlasError:
                raise
            except (NotImplementedError, RuntimeError) as error:
                raise _failed(self.names or ("target",), error, output, count) from error
        return self


class AllClasses(Target):
    """The scores of all classes, as the model gives them; also outputs of several labels."""

    names = None
    key = "classes"

    def scores(self, output: Any, count: int) -> Tensor:
        """Return the scores of all classes."""
        found = class_scores(output, count)
        if found is None:
            raise AttributionError(
                "The model gives no scores (n, classes) to attribute to, so say what is meant: "
                "target=lambda output: … returns one value a picture, and "
                "target=similarity_to(picture) needs no head. " + listing(output, "output", count)
            )
        return found


class Classes(Target):
    """Some of a model's scores.

    Parameters
    ----------
    indices : sequence of int
        Which, from 0.
    every : Target, optional
        Of which scores these are a part; by default of all classes.
    """

    def __init__(self, indices: Sequence[int], every: Target | None = None) -> None:
        self.indices = [int(index) for index in indices]
        self.every = AllClasses() if every is None else every
        all_names = self.every.names
        self.names: tuple[str, ...] = tuple(
            f"class {index}" if all_names is None else all_names[index] for index in self.indices
        )
        self.key = f"{self.every.key} {' '.join(map(str, self.indices))}"

    def scores(self, output: Any, count: int) -> Tensor:
        """Return these scores, in this order."""
        return self.every.scores(output, count)[:, self.indices]

    def named(self, labels: Sequence[str] | None) -> list[str] | None:
        """Return what these classes are called."""
        if labels is None or not isinstance(self.every, AllClasses):
            return list(self.names)
        named = zip(self.indices, self.names, strict=True)
        return [str(labels[index]) if index < len(labels) else name for index, name in named]

    def for_probe(self, probe: RunnableModel) -> Target:
        """Return the scores with these numbers among those that the probe is about."""
        if probe.num_classes is None or probe.no_classes is not None:
            raise AttributionError(probe.no_classes or "The model has no classes.")
        for index in self.indices:
            if not 0 <= index < probe.num_classes:
                raise AttributionError(f"Class {index} is not among 0 to {probe.num_classes - 1}.")
        return Classes(self.indices, probe.target)


class Scalars(Target):
    """Target computed by the user's functions from the model's output.

    Parameters
    ----------
    parts : sequence of callable or int
        From the model's output, exactly as it returns it, to one value a picture, (n,); a number
        stands for the score of that class.
    names : sequence of str
        What these values are called.
    """

    def __init__(self, parts: Sequence[Part], names: Sequence[str]) -> None:
        self.parts = tuple(parts)
        self.names: tuple[str, ...] = tuple(names)
        codes = [part if isinstance(part, int) else code_of(part) for part in self.parts]
        text = repr((self.names, codes)).encode()
        self.key = "scalars " + hashlib.blake2b(text, digest_size=16).hexdigest()

    def scores(self, output: Any, count: int) -> Tensor:
        """Return what the functions give, a column each."""
        return torch.stack(
            [
                self._value(part, name, output, count)
                for part, name in zip(self.parts, self.names, strict=True)
            ],
            1,
        )

    def _value(self, part: Part, name: str, output: Any, count: int) -> Tensor:
        try:
            if isinstance(part, int):
                return AllClasses().scores(output, count)[:, part]
            return _column(part(output), name, count)
        except AtlasError:
            raise
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise _failed((name,), error, output, count) from error


def as_target(target: Any) -> Target:
    """Make a target of what the user names.

    Parameters
    ----------
    target : None, int, callable, Target, sequence or mapping of str to int or callable
        None: all classes. A number: that class. A function, such as
        ``lambda output: output[:, 3] - output[:, 5]``: what it makes of the model's output, one
        value a picture. A sequence of these: one after the other. A mapping gives them names.

    Raises
    ------
    AttributionError
        It is none of these.
    """
    if target is None:
        return AllClasses()
    if isinstance(target, Target):
        return target
    if _is_number(target) or callable(target):
        target = [target]
    if isinstance(target, np.ndarray | Tensor):
        target = target.tolist()
    if isinstance(target, Mapping):
        names: tuple[str, ...] = tuple(map(str, target))
        parts = list(target.values())
    elif isinstance(target, Sequence | range) and not isinstance(target, str | bytes):
        parts = list(target)
        if parts and all(map(_is_number, parts)):
            return Classes(tuple(map(int, parts)))
        names = tuple(_name_of(part, number, len(parts)) for number, part in enumerate(parts))
    else:
        raise AttributionError(f"target is {target!r}. {_ACCEPTED}")
    if not parts:
        raise AttributionError(f"target is empty. {_ACCEPTED}")
    for part in parts:
        if isinstance(part, Target) or not (callable(part) or _is_number(part)):
            raise AttributionError(f"target has {part!r} in it. {_ACCEPTED}")
    return Scalars([int(part) if _is_number(part) else part for part in parts], names)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _name_of(part: Any, number: int, count: int) -> str:
    if _is_number(part):
        return f"class {part}"
    name = getattr(part, "__name__", "<lambda>")
    if name != "<lambda>":
        return str(name)
    return "target" if count == 1 else f"target {number + 1}"


def code_of(function: Callable[[Any], Tensor]) -> str:
    """Say what a function does, in the same words in every process; unlike any other if it cannot.

    It cannot where the function leans on something beside itself, which may be another next time.
    """
    if not inspect.isfunction(function):
        return uuid.uuid4().hex
    around = inspect.getclosurevars(function)
    code = function.__code__
    leans = around.globals or around.nonlocals or function.__defaults__ or function.__kwdefaults__
    if leans or any(map(inspect.iscode, code.co_consts)):
        return uuid.uuid4().hex
    return repr((code.co_code, code.co_names, code.co_consts))


def _column(value: Any, name: str, count: int) -> Tensor:
    if isinstance(value, Tensor) and value.is_floating_point() and value.shape == (count, 1):
        value = value[:, 0]
    if isinstance(value, Tensor) and value.is_floating_point() and value.shape == (count,):
        return value
    found = type(value).__name__
    if isinstance(value, Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        found = f"{kind} of the shape {tuple(value.shape)}"
    raise AttributionError(
        f"{name!r} must give one float a picture, a tensor of the shape ({count},) for {count} "
        f"pictures, not {found}: output[:, 3] does, output[3] does not."
    )


def _failed(names: Sequence[str], error: Exception, output: Any, count: int) -> AttributionError:
    reason = f"{type(error).__name__}: {error}".rstrip(". ")
    return AttributionError(
        f"{' and '.join(map(repr, names))} cannot be taken from the model's output ({reason}). "
        f"It is given the output as the model returns it. {listing(output, 'output', count)}"
    )
