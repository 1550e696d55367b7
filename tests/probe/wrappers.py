"""Ways in which users wrap what their models run; each leads back to the model it was made on."""

from __future__ import annotations

import functools
import threading
import types
import weakref

import torch
from torch import Tensor, nn

from tests.probe.models import randomise


class Wrappable(nn.Module):
    """A stem with a batch norm, a convolution, five classes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.conv, self.head = nn.Conv2d(8, 8, 3, 2, 1), nn.Linear(8, 5)
        randomise(self.stem[1])

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(self.stem(x)).mean((2, 3)))


class Counter:
    """Cannot be copied, refers to a module, and counts."""

    def __init__(self, module: nn.Module) -> None:
        self.module, self.lock, self.calls = module, threading.Lock(), 0

    def __call__(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.module(x)


class Slots:
    __slots__ = ("module",)

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self, x: Tensor) -> Tensor:
        return self.module(x)


def in_turn(layers, x: Tensor) -> Tensor:
    return functools.reduce(lambda value, layer: layer(value), layers, x)


def closure(model):
    old = model.stem.forward
    model.stem.forward = functools.wraps(old)(lambda *args, **named: old(*args, **named))


def partial(model):
    model.stem.forward = functools.partial(lambda run, x: run(x), model.stem.forward)


def compiled(model):
    model.stem.forward = torch.compile(model.stem.forward)


def compiled_module(model):
    model.stem = torch.compile(model.stem)


def listed(model):
    model.steps = [lambda x: model.stem[0](x), model.stem[1], functools.partial(model.stem[2])]
    model.stem.forward = lambda x: in_turn(model.steps, x)


def beside_a_lock(model):
    closure(model)
    model.lock = threading.Lock()


def counter(model):
    model.counter = Counter(model.stem[1])
    model.stem.forward = lambda x: model.stem[2](model.counter(model.stem[0](x)))


def slots(model):
    held = Slots(model.stem[1])
    model.stem.forward = lambda x: model.stem[2](held(model.stem[0](x)))


def leaf(model):
    old = model.stem[0].forward
    model.stem[0].forward = lambda x: old(x)


def method(model):
    old = model.stem.forward
    model.stem.forward = types.MethodType(lambda _, x: old(x), model.stem)


def weak_reference(model):
    held = weakref.ref(model.stem)
    model.forward = lambda x: model.head(model.conv(in_turn(held(), x)).mean((2, 3)))


def default_argument(model):
    def forward(x, layers=model.stem):
        return in_turn(layers, x)

    model.stem.forward = forward


def recursive(model):
    old, box = model.stem.forward, {}

    def forward(x, deep=False):
        return old(x) if deep else box["forward"](x, deep=True)

    box["forward"] = model.stem.forward = forward


def notebook_globals(model):
    """As functions typed into a notebook, which name the model's parts as globals."""
    names = {"layers": list(model.stem), "in_turn": in_turn}
    exec("def helper(x): return in_turn(layers, x)\nrun = lambda x: helper(x)", names)
    model.stem.forward = names["run"]


FOLLOWED = [
    closure, partial, compiled, compiled_module, listed, beside_a_lock, counter, slots, leaf,
    method, weak_reference, default_argument, recursive, notebook_globals,
]  # fmt: skip


def cached(model):
    """What `functools.lru_cache` encloses cannot be exchanged."""

    @functools.lru_cache
    def norm():
        return model.stem[1]

    model.stem.forward = lambda x: model.stem[2](norm()(model.stem[0](x)))


def class_attribute(model):
    class Registry:
        stem = model.stem

    model.stem.forward = lambda x: in_turn(Registry.stem, x)


REFUSED = [cached, class_attribute]
