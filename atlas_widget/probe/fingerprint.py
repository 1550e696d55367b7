"""A hash of a model: the same weights and architecture give the same one in every process."""

from __future__ import annotations

import hashlib
import re

import torch
from torch import nn

__all__ = ["weights_hash"]


def weights_hash(model: nn.Module) -> str:
    """Hash the values of a model's state and its printed architecture."""
    digest = hashlib.blake2b(digest_size=16)
    # Some modules print functions, and those print their address.
    digest.update(re.sub(r"0x[0-9a-fA-F]+", "", repr(model)).encode())
    for name, tensor in model.state_dict().items():
        if not isinstance(tensor, torch.Tensor):
            digest.update(f"{name}={tensor!r}".encode())
            continue
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
