"""Choice of the device that a model runs on."""

from __future__ import annotations

import torch

from atlas_widget.errors import AtlasError

__all__ = ["usable_device"]


def usable_device(device: str | torch.device | None) -> torch.device:
    """Return the device that is meant, CUDA where there is one, after trying that it works."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        wanted = torch.device(device)
    except RuntimeError:
        raise AtlasError(f"{device!r} is no device; 'cpu' and 'cuda' are, for example.") from None
    try:
        torch.empty(0, device=wanted)
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise AtlasError(
            f"The device {str(wanted)!r} is not available here ({reason}); 'cpu' always is."
        ) from error
    return wanted
