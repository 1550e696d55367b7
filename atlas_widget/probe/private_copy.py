"""A copy of the user's model that is ours alone: to hook, fold, move and run as we please.

Working on a copy is what keeps the promise that the model is left as found, and that a forward
pass in another thread neither disturbs nor is disturbed.
"""

from __future__ import annotations

import copy
import functools
import types
from collections import OrderedDict
from collections.abc import Container
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from atlas_widget.errors import AtlasError
from atlas_widget.probe.rebinding import Rebinding

__all__ = ["private_copy", "twin", "unwrapped"]

_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks_always_called",
)
_WRAPPERS = {"DataParallel": "module", "DistributedDataParallel": "module"}
_NOT_THE_MODEL = ("_trainer", "trainer", "_fabric")  # Lightning: these lead to whole data sets
_MODE_DEPENDENT = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd)
_CHECKPOINTING = {
    "grad_checkpointing",  # timm
    "gradient_checkpointing",  # transformers
    "use_checkpoint",  # Swin and its kin
    "use_checkpointing",
    "with_cp",  # OpenMMLab
}
_HALVES = (torch.float16, torch.bfloat16)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the network inside ``DataParallel``, ``torch.compile`` and their kin."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None:
            inner = getattr(model, _WRAPPERS.get(type(model).__name__, ""), None)
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def private_copy(model: nn.Module, device: torch.device) -> tuple[nn.Module, list[str]]:
    """Copy `model` to `device`, in evaluation mode, without gradients, hooks or in-place layers.

    Half-precision weights become float32, so that gradients are exact on any device.

    Parameters
    ----------
    model : nn.Module
        Left exactly as it is.
    device : torch.device
        Where the copy lives. Weights are copied straight there, without a second copy on the way.

    Returns
    -------
    copy : nn.Module
    notices : list of str
        What differs from the original and a user would want to know.
    """
    model = unwrapped(model)
    notices = _differences(model)
    ours = _copied(model, _prepared(model, device), device)
    ours.requires_grad_(False)
    # Whatever deepcopy made on its own (unusual tensor types, plain attributes) follows here.
    ours.to(device)
    return ours, notices


def twin(model: nn.Module) -> nn.Module:
    """Return another model like one of ours, with modules of its own and the same parameters."""
    prepared = _prepared(model, None)
    for parameter in model.parameters():
        prepared[id(parameter)] = parameter
    return _copied(model, prepared)


def _copied(
    model: nn.Module, prepared: dict[int, Any], device: torch.device | None = None
) -> nn.Module:
    """Copy a model's modules and what they hold, apart from what is prepared, by identity."""
    memo = dict(prepared)
    own = True
    with torch.no_grad():  # under which copies of what TorchScript has compiled are leaves
        try:
            ours = copy.deepcopy(model, memo)
        except Exception:  # something that hangs off it cannot be copied: copy the modules alone
            memo, own = dict(prepared), False
            try:
                ours = _copy_of_modules(model, memo)
            except Exception as error:
                raise AtlasError(
                    f"The model ({type(model).__name__}) cannot be copied, and the atlas works on "
                    f"a copy so that yours stays untouched: {type(error).__name__}: {error}"
                ) from error

    def foreign(module: nn.Module) -> nn.Module:
        """Copy a module that is no part of the model's tree, with what the two share."""
        beside = {**memo, **_prepared(module, device, memo)}
        return copy.deepcopy(module, beside).requires_grad_(False)

    rebinding = Rebinding(memo, foreign, device)
    for module in ours.modules():
        _make_plain(module)
        rebinding.module(module, own=own)
    _into_evaluation_mode(ours)
    for module in ours.modules():
        _prefer_the_plain_path(module)
    return ours


def _into_evaluation_mode(model: nn.Module) -> None:
    try:
        model.eval()
    except NotImplementedError:  # what torch.export makes has one mode only
        for module in model.modules():
            module.training = False


def _differences(model: nn.Module) -> list[str]:
    if isinstance(model, torch.jit.ScriptModule):
        raise AtlasError(
            "The model is compiled with TorchScript, which cannot be looked into; pass the Python "
            "model that it was made from."
        )
    tensors = [*model.parameters(), *model.buffers()]
    if any(map(is_lazy, tensors)):
        raise AtlasError(
            "The model has lazy layers whose weights do not exist yet; run it once on an input."
        )
    if any(tensor.is_meta for tensor in tensors):
        raise AtlasError(
            "The model's weights are on the 'meta' device, so there are no values to work with; "
            "load the weights first."
        )
    notices = []
    if model.training or any(
        module.training for module in model.modules() if isinstance(module, _MODE_DEPENDENT)
    ):
        notices.append(
            "The model is in training mode; the atlas uses a private copy in evaluation mode "
            "(running averages in batch norm, no dropout). Yours stays in training mode."
        )
    hooks = sum(
        not _belongs_to_torch(hook)
        for module in model.modules()
        for name in ("_forward_hooks", "_forward_pre_hooks")
        for hook in getattr(module, name, {}).values()
    )
    if hooks:
        notices.append(
            f"{hooks} forward hook{'s' if hooks > 1 else ''} of your model "
            f"{'are' if hooks > 1 else 'is'} not part of the atlas's private copy."
        )
    halves = {tensor.dtype for tensor in tensors if tensor.dtype in _HALVES}
    if halves:
        names = " and ".join(sorted(str(dtype).removeprefix("torch.") for dtype in halves))
        notices.append(f"The weights are in {names}; the private copy computes in float32.")
    return notices


def _prepared(
    model: nn.Module, device: torch.device | None, known: Container[int] = ()
) -> dict[int, Any]:
    """Return what the copy is to hold in place of tensors and hooks, as deepcopy's memo.

    Tensors are copied here because deepcopy would also copy gradients, and refuses tensors that
    are part of a graph, such as an activation that one of the user's hooks has kept.
    """
    memo: dict[int, Any] = {}

    def adopt(tensor: torch.Tensor) -> None:
        if (
            id(tensor) in memo
            or id(tensor) in known
            or type(tensor) not in (torch.Tensor, nn.Parameter)
        ):
            return
        dtype = torch.float32 if tensor.dtype in _HALVES else tensor.dtype
        if dtype == torch.float64 and device is not None and device.type == "mps":  # has none
            dtype = torch.float32
        ours = tensor.detach().to(device=device, dtype=dtype, copy=True)
        if isinstance(tensor, nn.Parameter):
            ours = nn.Parameter(ours, requires_grad=False)
        memo[id(tensor)] = ours

    for module in model.modules():
        for name in _HOOKS:
            hooks = module.__dict__.get(name)
            if hooks is not None:
                memo[id(hooks)] = _kept(hooks)
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            if tensor is not None:
                adopt(tensor)
        for name, value in module.__dict__.items():
            if isinstance(value, torch.Tensor):
                adopt(value)
            elif name in _NOT_THE_MODEL and not isinstance(value, nn.Module | None):
                memo[id(value)] = types.SimpleNamespace()
            elif isinstance(value, list | tuple | dict):
                for item in value.values() if isinstance(value, dict) else value:
                    if isinstance(item, torch.Tensor):
                        adopt(item)
    return memo


def _belongs_to_torch(hook: Any) -> bool:
    """Return True if a hook is part of the model itself: weight norm, spectral norm, pruning."""
    owner = hook.func if isinstance(hook, functools.partial) else hook
    if isinstance(owner, types.MethodType) and isinstance(owner.__self__, nn.Module):
        return False
    return str(getattr(owner, "__module__", "")).startswith("torch.")


def _kept(hooks: Any) -> Any:
    if not isinstance(hooks, dict):
        return hooks
    kept: OrderedDict[int, Any] = OrderedDict()
    for key, hook in hooks.items():
        # Forward hooks map to callables; the tables of flags map to booleans.
        if not callable(hook) or _belongs_to_torch(hook):
            kept[key] = copy.deepcopy(hook)
    return kept


def _copy_of_modules(model: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """Copy the tree of modules; what else they hold is shared with the original."""
    originals = list(model.modules())
    for module in originals:
        memo[id(module)] = type(module).__new__(type(module))
    for module in originals:
        ours = memo[id(module)]
        ours.__dict__.update(module.__dict__)
        for name in ("_parameters", "_buffers", "_modules"):
            held = module.__dict__[name]
            ours.__dict__[name] = type(held)(
                (key, value if value is None else _copy_of(value, memo))
                for key, value in held.items()
            )
    return memo[id(model)]  # type: ignore[no-any-return]


def _copy_of(value: nn.Module | torch.Tensor, memo: dict[int, Any]) -> Any:
    return memo[id(value)] if id(value) in memo else copy.deepcopy(value, memo)


def _make_plain(module: nn.Module) -> None:
    # An in-place layer would overwrite the very output that a hook has handed over.
    if isinstance(module.__dict__.get("inplace"), bool):
        module.__dict__["inplace"] = False
    # Checkpointing runs the parts of a block, not the block, so that nothing hooks it. With less
    # memory in use the values are the same; what calls it by another name still runs: see
    # `checkpointing`.
    for name in _CHECKPOINTING & module.__dict__.keys():
        if isinstance(module.__dict__[name], bool):
            module.__dict__[name] = False
    module.__dict__["_compiled_call_impl"] = None
    for name, child in list(module._modules.items()):
        if child is not None and unwrapped(child) is not child:
            module._modules[name] = unwrapped(child)


def _prefer_the_plain_path(module: nn.Module) -> None:
    """Keep attention out of PyTorch's fused inference path.

    The fused path skips the submodules (so that hooks on them never fire) and has no forward-mode
    derivative. `training` on these containers switches it off and changes nothing else once their
    own dropout is zero: the dropout layers inside have their own flag.
    """
    if isinstance(module, nn.MultiheadAttention):
        module.dropout = 0.0
        module.training = True
    elif isinstance(module, nn.TransformerEncoderLayer | nn.TransformerEncoder):
        module.training = True
