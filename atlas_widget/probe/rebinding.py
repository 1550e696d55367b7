"""Functions and objects that hang off a copied model, made to work on the copy.

Copying an object does not copy the functions that it holds, and these may lead back to the
original: a wrapped ``forward`` encloses it, a `functools.partial` or ``torch.compile`` holds its
bound method, a function typed into a notebook names it as a global.
"""

from __future__ import annotations

import copy
import functools
import sys
import types
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

__all__ = ["Rebinding"]

_MAX_ELEMENTS = 2**24
"""Elements from which on an array that a function encloses is shared, not copied."""

_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class written in Python
_TORCH_S_OWN = {"_parameters", "_buffers", "_modules"}


class Rebinding:
    """Exchanges whatever leads to an original for what leads to its copy.

    Parameters
    ----------
    memo : dict of int to object
        The copies, by the identity of the originals: what `copy.deepcopy` left.
    copied : callable
        Copies a module that no copy is known of, such as one that only a closure holds.
    device : torch.device, optional
        Where enclosed tensors are to be.
    """

    def __init__(
        self,
        memo: dict[int, Any],
        copied: Callable[[nn.Module], nn.Module],
        device: torch.device | None,
    ) -> None:
        self._memo = memo
        self._copied = copied
        self._device = device
        self._done: dict[int, tuple[Any, Any]] = {}  # originals are kept, so that ids stay theirs
        self._ours: set[int] = {id(value) for value in memo.values()}

    def module(self, ours: nn.Module, *, own: bool) -> None:
        """Rebind everything that is set on a module of the copy.

        Parameters
        ----------
        ours : nn.Module
        own : bool
            Whether its attributes are copies themselves, or shared with the original.
        """
        for name, value in list(ours.__dict__.items()):
            if name not in _TORCH_S_OWN:
                new = self.of(value, own=own)
                if new is not value:
                    ours.__dict__[name] = new

    def of(self, value: Any, *, own: bool = False) -> Any:
        """Return what is to stand in a value's place; the value itself where it leads nowhere."""
        if value is None or isinstance(value, type | types.ModuleType | str | bytes | int | float):
            return value
        if id(value) in self._memo:
            return self._memo[id(value)]
        if id(value) in self._ours and isinstance(value, nn.Module | torch.Tensor):
            return value
        if id(value) in self._done:
            return self._done[id(value)][1]
        self._done[id(value)] = value, value
        new = self._made(value, own)
        self._done[id(value)] = value, new
        return new

    def _made(self, value: Any, own: bool) -> Any:
        if isinstance(value, nn.Module):
            return value if own else self._copied(value)
        if isinstance(value, torch.Tensor):
            return value if own or value.numel() > _MAX_ELEMENTS else self._tensor(value)
        if isinstance(value, np.ndarray):
            return value if own or value.size > _MAX_ELEMENTS else value.copy()
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, types.MethodType):
            return self._method(value, own)
        if isinstance(value, functools.partial):
            return self._partial(value, own)
        if isinstance(value, weakref.ref):
            target = value()
            new = target if target is None else self._memo.get(id(target), target)
            return value if new is target else weakref.ref(new)
        if isinstance(value, dict | list | set | tuple | deque):
            return self._container(value, own)
        return self._object(value, own)

    def _tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        ours = tensor.detach().clone()
        return ours if self._device is None else ours.to(self._device)

    def _function(self, function: types.FunctionType) -> Any:
        compiled = function.__dict__.get("_torchdynamo_orig_callable")
        if compiled is not None:  # torch.compile keeps what it has compiled: run that as it is
            return self.of(compiled)
        given = [*(function.__closure__ or ())]
        cells = [types.CellType() for _ in given]
        named = self._globals(function)
        new = types.FunctionType(
            function.__code__,
            {**function.__globals__, **named} if named else function.__globals__,
            function.__name__,
            None,
            tuple(cells) or None,
        )
        self._done[id(function)] = function, new  # which may enclose itself
        changed = bool(named)
        for cell, old in zip(cells, given, strict=True):
            try:
                contents = old.cell_contents
            except ValueError:  # not filled yet
                continue
            cell.cell_contents = self.of(contents)
            changed = changed or cell.cell_contents is not contents
        defaults = self.of(function.__defaults__)
        keywords = self.of(function.__kwdefaults__)
        attributes = self.of(dict(function.__dict__))
        changed = changed or _differ(defaults, function.__defaults__)
        changed = changed or _differ(keywords, function.__kwdefaults__)
        if not changed:
            return function
        new.__defaults__, new.__kwdefaults__ = defaults, keywords
        new.__dict__.update(attributes)
        new.__qualname__ = function.__qualname__
        return new

    def _globals(self, function: types.FunctionType) -> dict[str, Any]:
        """Return the globals by which a function reaches the original, exchanged."""
        found = {}
        for name in _names(function.__code__):
            value = function.__globals__.get(name)
            if isinstance(value, nn.Module) or _holds_modules(value):
                found[name] = self.of(value)
            elif isinstance(value, types.FunctionType):
                # helpers in the same notebook or file
                if value.__globals__ is function.__globals__:
                    found[name] = self.of(value)
            elif isinstance(value, types.MethodType | functools.partial):
                found[name] = self.of(value)
        return {
            name: value for name, value in found.items() if value is not function.__globals__[name]
        }

    def _method(self, method: types.MethodType, own: bool) -> Any:
        owner, function = self.of(method.__self__, own=own), self.of(method.__func__)
        if owner is method.__self__ and function is method.__func__:
            return method
        return types.MethodType(function, owner)

    def _partial(self, value: functools.partial[Any], own: bool) -> Any:
        function = self.of(value.func, own=own)
        args = tuple(self.of(item, own=own) for item in value.args)
        keywords = {key: self.of(item, own=own) for key, item in value.keywords.items()}
        changed = _differ(args, value.args) or _differ(keywords, value.keywords)
        if function is value.func and not changed:
            return value
        new = type(value)(function, *args, **keywords)
        new.__dict__.update({key: self.of(item, own=own) for key, item in value.__dict__.items()})
        return new

    def _container(self, value: Any, own: bool) -> Any:
        if isinstance(value, tuple):
            items = [self.of(item, own=own) for item in value]
            if not _differ(items, value):
                return value
            return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
        if isinstance(value, set):
            items = [self.of(item, own=own) for item in value]
            return value if own and not _differ(items, list(value)) else type(value)(items)
        if not own:
            if type(value) not in (list, dict, OrderedDict, defaultdict, deque):
                return self._object(value, own)
            value = copy.copy(value)
            self._ours.add(id(value))
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in list(entries):
            new = self.of(item, own=own)
            if new is not item:
                value[key] = new
        return value

    def _object(self, value: Any, own: bool) -> Any:
        kind = type(value)
        attributes = _attributes(value)
        if attributes is None:
            return value
        if not own:
            written = all(base.__flags__ & _HEAP_TYPE for base in kind.__mro__[:-1])
            root = kind.__module__.partition(".")[0]
            if not written or root in sys.stdlib_module_names or root == "torch":
                return value
            try:
                clone = object.__new__(kind)
            except TypeError:
                return value
            self._done[id(value)] = value, clone
            value = clone
        for name, item in attributes.items():
            new = self.of(item, own=own)
            if new is not item or not own:
                object.__setattr__(value, name, new)
        return value


def _attributes(value: Any) -> dict[str, Any] | None:
    """Return what an object holds; None for one that is not made of attributes."""
    slots = [
        name
        for base in type(value).__mro__
        for name in _listed(base.__dict__.get("__slots__", ()))
        if name not in ("__dict__", "__weakref__") and hasattr(value, name)
    ]
    held = getattr(value, "__dict__", None)
    if not isinstance(held, dict) and not slots:
        return None
    return {**(held or {}), **{name: getattr(value, name) for name in slots}}


def _listed(names: Any) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _differ(new: Any, old: Any) -> bool:
    if new is old:
        return False
    if isinstance(new, dict):
        return any(new[key] is not old[key] for key in new)
    return any(one is not other for one, other in zip(new, old, strict=True))


def _names(code: types.CodeType) -> set[str]:
    """Return the names that a function's code uses, functions within it included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def _holds_modules(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list | tuple | set):
        return False
    return any(isinstance(item, nn.Module | types.MethodType) for item in value)
